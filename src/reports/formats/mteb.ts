import { InputError } from '../../core/errors.js';
import type { ResultRecord } from '../../results/record.js';
import { slug } from '../../results/store.js';
import { findRunnerKind } from '../../runners/index.js';
import { findTask, suites } from '../../suites/index.js';
import type { ReportFile } from '../layout/files.js';
import type { Report, ReportSystem } from '../model/model.js';

/** The tasks that mteb has, by our names. */
const taskNames = suites
  .flatMap(({ tasks }) => tasks.filter(({ mtebName }) => mtebName !== null))
  .map(({ name }) => name);

/** mteb's names of measures, by ir_measures' families. */
const measureNames: Readonly<Record<string, string>> = {
  nDCG: 'ndcg_at_',
  AP: 'map_at_',
  R: 'recall_at_',
  P: 'precision_at_',
  RR: 'mrr_at_',
  Success: 'hit_rate_at_',
};

/** mteb's name for a missing revision. */
const NO_REVISION = 'no_revision_available';

/**
 * Result files in the layout of mteb's cache, so that `mteb.ResultCache('…/mteb').load_results(...)` reads them: one folder
 * per system with `model_meta.json` and one file per task.
 * @throws InputError if no result is of a task that mteb has
 */
export function mtebFiles({ systems, results }: Report): ReportFile[] {
  const names = modelNames(systems);
  const files = systems.flatMap((system) => {
    const records = results.filter(({ system: id }) => id === system.id).map(({ record }) => record);
    const tasks = records.flatMap((record) => taskFile(record));
    if (tasks.length === 0) return [];
    const name = names.get(system.id)!;
    const revision = records[0]!.system.model?.revision ?? NO_REVISION;
    const folder = `mteb/results/${name.replace('/', '__')}/${slug(revision)}`;
    return [{ name: 'model_meta.json', data: json(modelMeta(name, revision, system, records[0]!)) }, ...tasks].map(
      (file) => ({
        ...file,
        name: `${folder}/${file.name}`,
      }),
    );
  });
  if (files.length > 0) return files;
  throw new InputError(`format mteb: no result covers a whole task that mteb has; mteb has ${taskNames.join(', ')}`);
}

/** A distinct name for each system, valid for mteb (organisation/name) and in a path. */
function modelNames(systems: readonly ReportSystem[]): Map<string, string> {
  const names = new Map<string, string>();
  for (const { id, label } of systems) {
    const name = `sgpt-bench/${slug(label)}`;
    names.set(id, [...names.values()].includes(name) ? `${name}-${id}` : name);
  }
  return names;
}

function taskFile(record: ResultRecord): { name: string; data: string }[] {
  const { task, measures, mainMeasure, provenance } = record;
  const name = mtebTask(task.name);
  if (name === undefined || task.queryLimit !== null || mainMeasure !== 'nDCG@10') return [];
  const scores = Object.entries(measures).flatMap(([measure, value]) => {
    const [family, cutoff] = measure.split('@');
    const prefix = Object.hasOwn(measureNames, family!) ? measureNames[family!] : undefined;
    return prefix === undefined || cutoff === undefined ? [] : [[`${prefix}${cutoff}`, value] as const];
  });
  const result = {
    // mteb names revisions of its own copies of the data; ours has a checksum.
    dataset_revision: `sha256:${task.checksum}`,
    task_name: name,
    mteb_version: MTEB_VERSION,
    scores: {
      [task.split]: [
        {
          ...Object.fromEntries(scores),
          main_score: measures[mainMeasure],
          hf_subset: 'default',
          languages: ['eng-Latn'],
        },
      ],
    },
    evaluation_time: Object.values(provenance.cost.seconds).reduce((sum, seconds) => sum + seconds, 0),
    kg_co2_emissions: null,
  };
  return [{ name: `${name}.json`, data: json(result) }];
}

/** The mteb version whose format is written. */
const MTEB_VERSION = '2.26.24';

function mtebTask(name: string): string | undefined {
  const found = findTask(name) ?? findTask(`beir/${name}`);
  if (found?.part != null) return found.suite.mtebPartName?.(found.part);
  return found?.task.mtebName ?? undefined;
}

/** The fields of mteb's ModelMeta; unknown ones are null. */
function modelMeta(
  name: string,
  revision: string,
  { parameters, runner }: ReportSystem,
  { system: { settings } }: ResultRecord,
): object {
  const type = findRunnerKind(runner)?.type;
  return {
    name,
    revision,
    release_date: null,
    languages: ['eng-Latn'],
    loader: null,
    n_parameters: parameters,
    memory_usage_mb: null,
    max_tokens: null,
    embed_dim: null,
    license: null,
    open_weights: null,
    public_training_code: null,
    public_training_data: null,
    framework: [],
    reference: null,
    similarity_fn_name: type === 'dense' ? (settings['similarity'] ?? 'cosine') : null,
    use_instructions: null,
    training_datasets: null,
    adapted_from: null,
    superseded_by: null,
    model_type: [type === undefined || type === 'bound' ? 'sparse' : type],
  };
}

function json(value: unknown): string {
  return JSON.stringify(value, null, 2) + '\n';
}
