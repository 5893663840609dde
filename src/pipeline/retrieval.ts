import { join } from 'node:path';
import type { RetrievalTask } from '../core/dataset.js';
import { InputError } from '../core/errors.js';
import type { Profile } from '../core/profile.js';
import { withoutIdenticalId, type Ranking, type Run } from '../core/run.js';
import type { Reranker, Retriever, RunnerContext, SystemInfo, SystemRun } from '../core/runner.js';
import type { Sharing } from '../core/shards.js';
import { evaluateRun, evaluationOptions, parseMeasure, type Measure } from '../measures/index.js';
import { candidatesChecksum, fingerprintOf } from '../results/fingerprint.js';
import { perQueryOf } from '../results/per-query.js';
import { describeProvenance } from '../results/provenance.js';
import { RECORD_VERSION, type ResultRecord, type WorkDescription } from '../results/record.js';
import { readRun } from '../results/run-file.js';
import { findResult, saveResult, type StoredResult } from '../results/store.js';
import type { ShardDtype } from '../stores/index.js';

/** What tables and plots show, and what is recorded beside it. */
export const mainMeasure = 'nDCG@10';
export const defaultMeasures = [mainMeasure, 'nDCG@100', 'AP@100', 'R@10', 'R@100', 'P@10', 'RR@10', 'Success@10'];

export interface BenchSettings {
  readonly measures: readonly string[];
  /** Documents kept a query by retrievers. */
  readonly topK: number;
  /** Documents re-ranked a query by re-rankers. */
  readonly depth: number;
  /** Only the first so many queries; null for all. */
  readonly queryLimit: number | null;
  /** The results folder. */
  readonly output: string;
  /** The folder of stored vectors and scores, or s3://BUCKET/PREFIX; by default `.cache` in the results folder. */
  readonly store?: string | undefined;
  /** How bi-encoders' vectors are kept there; by default float32. float16 rounds them, and is recorded. */
  readonly storeDtype?: ShardDtype | undefined;
  /** Do the work again even where a result of the same fingerprint is there. */
  readonly overwrite: boolean;
}

export interface BenchContext extends RunnerContext {
  /** The command line, for the record. */
  readonly command: string;
  readonly threads: number;
  /** For work that is spread over machines. */
  readonly sharing?: Sharing | undefined;
}

/** Candidates for re-ranking. */
export interface FirstStage {
  readonly name: string;
  readonly run: Run;
}

/**
 * Runs a retriever on a task, evaluates each of its systems and writes the results. A result that is there with the
 * same fingerprint is taken as it is.
 */
export async function benchRetriever(
  task: RetrievalTask,
  retriever: Retriever,
  settings: BenchSettings,
  context: BenchContext,
): Promise<StoredResult[]> {
  const limited = limitQueries(task, settings.queryLimit);
  const works = retriever.systems.map((system) => describeWork(limited, system, null, settings, context.profile));
  const there = await Promise.all(works.map((work) => existing(limited, work, settings, context)));
  if (there.every((result) => result !== undefined)) return there;
  const removed = evaluationOptions(context.profile, task.removesIdenticalIds).identicalIds === 'remove';
  const systemRuns = await retriever.retrieve(limited, settings.topK + (removed ? 1 : 0), context);
  const results: StoredResult[] = [];
  for (const [i, systemRun] of systemRuns.entries()) {
    results.push(there[i] ?? (await finish(limited, systemRun, works[i]!, settings, context)));
  }
  return results;
}

/** Re-ranks a first stage's run on a task, evaluates and writes the result; see {@link benchRetriever}. */
export async function benchReranker(
  task: RetrievalTask,
  reranker: Reranker,
  firstStage: FirstStage,
  settings: BenchSettings,
  context: BenchContext,
): Promise<StoredResult> {
  const limited = limitQueries(task, settings.queryLimit);
  const { depth } = settings;
  const stage = { name: firstStage.name, checksum: candidatesChecksum(firstStage.run, depth), depth };
  const work = describeWork(limited, reranker.system, stage, settings, context.profile);
  const there = await existing(limited, work, settings, context);
  if (there !== undefined) return there;
  const systemRun = await reranker.rerank(limited, firstStage.run, depth, context);
  return finish(limited, systemRun, work, settings, context);
}

/**
 * A stored result's run, to be re-ranked.
 * @throws InputError where it has none
 */
export async function firstStageOf({ folder, record }: StoredResult): Promise<FirstStage> {
  if (record.files.run === null) {
    throw new InputError(`${folder}: ${record.task.name} is no ranking, so its result has no run to re-rank`);
  }
  return { name: record.system.name, run: await readRun(join(folder, record.files.run)) };
}

/** The task with only its first queries, and the judgements of these. */
export function limitQueries(task: RetrievalTask, limit: number | null): RetrievalTask & { queryLimit: number | null } {
  if (limit === null || limit >= task.queries.length) return { ...task, queryLimit: null };
  const queries = task.queries.slice(0, limit);
  const qrels = new Map(queries.map(({ id }) => [id, task.qrels.get(id)!]));
  return { ...task, queries, qrels, queryLimit: limit };
}

type LimitedTask = ReturnType<typeof limitQueries>;

function describeWork(
  task: LimitedTask,
  system: SystemInfo,
  firstStage: ResultRecord['firstStage'],
  { topK }: BenchSettings,
  profile: Profile,
): WorkDescription {
  const { name, split, facts, queryLimit } = task;
  return {
    task: { name, split, ...facts, queries: task.queries.length, queryLimit },
    system: { ...system, model: system.model === null ? null : { ...system.model, files: { ...system.model.files } } },
    profile: profile.name,
    firstStage,
    topK,
  };
}

/** The result of this work that is there, with the measures asked for: those it lacks come from the run beside it. */
async function existing(
  task: LimitedTask,
  work: WorkDescription,
  settings: BenchSettings,
  context: BenchContext,
): Promise<StoredResult | undefined> {
  const found = settings.overwrite ? undefined : await findResult(settings.output, work);
  if (found === undefined) return undefined;
  const { measures, files, provenance } = found.record;
  if (files.run === null || measuresOf(task, settings).every(({ name }) => Object.hasOwn(measures, name))) return found;
  const run = await readRun(join(found.folder, files.run));
  const all = { ...settings, measures: [...Object.keys(measures), ...settings.measures] };
  return evaluateAndSave(task, run, work, provenance, all, context);
}

/** The measures asked for and the task's main one, each once. */
function measuresOf(task: LimitedTask, settings: BenchSettings): Measure[] {
  const measures = [...settings.measures, task.mainMeasure ?? mainMeasure].map((name) => parseMeasure(name));
  return [...new Map(measures.map((measure) => [measure.name, measure])).values()];
}

/** Prepares a fresh run as the profile has it, and saves it with its scores. */
async function finish(
  task: LimitedTask,
  { run, cost }: SystemRun,
  work: WorkDescription,
  settings: BenchSettings,
  context: BenchContext,
): Promise<StoredResult> {
  const removed = evaluationOptions(context.profile, task.removesIdenticalIds).identicalIds === 'remove';
  const provenance = await describeProvenance(context.command, context.threads, cost);
  return evaluateAndSave(task, prepareRun(run, removed, settings.topK), work, provenance, settings, context);
}

/** @param run as it is to be written: identical ids are out already */
async function evaluateAndSave(
  task: LimitedTask,
  run: Run,
  work: WorkDescription,
  provenance: ResultRecord['provenance'],
  settings: BenchSettings,
  context: BenchContext,
): Promise<StoredResult> {
  const options = evaluationOptions(context.profile, task.removesIdenticalIds);
  const main = parseMeasure(task.mainMeasure ?? mainMeasure).name;
  const measures = measuresOf(task, settings);
  const evaluation = evaluateRun(task.qrels, run, measures, { ...options, identicalIds: 'keep' });
  const record: ResultRecord = {
    schema: 'sgpt-bench/result',
    version: RECORD_VERSION,
    fingerprint: fingerprintOf(work),
    ...work,
    evaluation: {
      average: options.average,
      identicalIdsRemoved: options.identicalIds === 'remove',
      decimals: options.decimals,
      queriesWithoutRanking: task.queries.filter(({ id }) => !run.has(id)).length,
    },
    mainMeasure: main,
    measures: Object.fromEntries(evaluation.means),
    files: { run: 'run.trec.gz', perQuery: 'per-query.json.gz' },
    provenance,
  };
  const perQuery = await perQueryOf(task, run, evaluation);
  context.progress.note(`${task.name}: ${work.system.name}: ${main} ${(record.measures[main] ?? NaN).toFixed(4)}`);
  return saveResult(settings.output, record, run, perQuery);
}

/** The run as it is written and evaluated: without identical ids where the profile says so, cut at `topK`. */
function prepareRun(run: Run, removeIdentical: boolean, topK: number): Run {
  const prepared = new Map<string, Ranking>();
  for (const [id, ranking] of run) {
    const kept = removeIdentical ? withoutIdenticalId(id, ranking) : ranking;
    if (kept.ids.length === 0) continue;
    prepared.set(id, { ids: kept.ids.slice(0, topK), scores: kept.scores.slice(0, topK) });
  }
  return prepared;
}
