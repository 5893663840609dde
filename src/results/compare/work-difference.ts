import { profileByName, type Profile } from '../../core/profile.js';
import type { ResultRecord, WorkDescription } from '../record.js';

/** Identity of the data: scores are comparable if split, checksum and number of queries are equal. */
export type DescribedData = Pick<ResultRecord['task'], 'name' | 'split' | 'checksum' | 'queryLimit'>;

/** The parts of a record that can explain why two scores differ. */
export interface DescribedWork extends Omit<WorkDescription, 'task'> {
  readonly task: DescribedData;
  readonly versions: Readonly<Record<string, string>>;
  /** The machine, if known: `linux x64`, the processor, the number of threads. */
  readonly machine?: Readonly<Record<string, string>>;
}

/** One difference between two results, as text. */
export interface WorkDifference {
  /** The property: `pooling`, `truncation`, `model.safetensors` … */
  readonly what: string;
  readonly a: string;
  readonly b: string;
  /** `work`: part of the work itself; `environment`: versions or machine, which should not change scores. */
  readonly kind: 'work' | 'environment';
}

/** Labels of settings whose recorded names are unclear; other settings are labelled by their names. */
const settingLabels: Readonly<Record<string, string>> = {
  maxTokens: 'truncation',
  layer: 'hidden state',
  bm25: 'BM25 settings',
  template: 'prompt text',
  storeDtype: 'vectors stored as',
};

/** The work of a record, with versions and machine. */
export function workOf({ task, system, profile, firstStage, topK, provenance }: ResultRecord): DescribedWork {
  const { platform, cpu, threads } = provenance.machine;
  const machine = { platform, processor: cpu, threads: String(threads) };
  return { task, system, profile, firstStage, topK, versions: provenance.versions, machine };
}

/**
 * All differences between two results' work: data, system, profile and its conventions, model, settings, first stage,
 * versions, machine.
 */
export function workDifferences(a: DescribedWork, b: DescribedWork): WorkDifference[] {
  const sameModel = a.system.model?.id === b.system.model?.id;
  const work = differences(workFacts(a, sameModel), workFacts(b, sameModel), 'work');
  return [...work, ...differences(environmentFacts(a), environmentFacts(b), 'environment')];
}

/** Formats a difference for a message: `truncation: 299 tokens, now 300 tokens`. */
export function differenceText({ what, a, b }: WorkDifference): string {
  return `${what}: ${a}, now ${b}`;
}

type Facts = ReadonlyMap<string, string>;

function differences(a: Facts, b: Facts, kind: WorkDifference['kind']): WorkDifference[] {
  return [...new Set([...a.keys(), ...b.keys()])].flatMap((what) => {
    const [x, y] = [a.get(what) ?? 'none', b.get(what) ?? 'none'];
    return x === y ? [] : [{ what, a: x, b: y, kind }];
  });
}

/** @param withFiles include the hashes of the model's files; useless for two different models */
function workFacts(work: DescribedWork, withFiles: boolean): Facts {
  const { task, system, firstStage, topK } = work;
  return new Map([
    ['task', task.name],
    ['split', task.split],
    ['data checksum', short(task.checksum)],
    ['queries', queriesText(task.queryLimit)],
    ['system', system.name],
    ['runner', system.runner],
    ...profileFacts(profileByName(work.profile)),
    ...modelFacts(system.model, withFiles),
    [settingLabels['storeDtype']!, 'float32'], // the default, overwritten by settings below
    ...Object.entries(system.settings).map(settingFact),
    ['first stage', firstStage?.name ?? 'none'],
    ['re-ranking depth', String(firstStage?.depth ?? 'none')],
    ['first-stage candidates', firstStage === null ? 'none' : short(firstStage.checksum)],
    ['documents per query', String(topK)],
  ]);
}

function profileFacts(profile: Profile): [string, string][] {
  const identical = { remove: 'removed', 'by-task': 'removed where the task says so', keep: 'kept' };
  const average = { intersection: 'over the queries with a ranking', complete: 'over all judged queries' };
  return [
    ['profile', profile.name],
    ['documents without text', profile.dropDocumentsWithoutText ? 'left out by bi-encoders' : 'kept'],
    ["document with the query's id", identical[profile.identicalIds]],
    ['means', average[profile.average]],
    ['rounding of means', profile.decimals === null ? 'none' : `${profile.decimals} decimals`],
  ];
}

function modelFacts(model: DescribedWork['system']['model'], withFiles: boolean): [string, string][] {
  if (model === null) return [];
  return [
    ['model', model.id],
    ['model revision', model.revision ?? 'none'],
    ['architecture', model.architecture],
    ['parameters', String(model.parameters ?? 'unknown')],
    ['computed in', model.dtype],
    ...(withFiles ? Object.entries(model.files).map(([file, hash]): [string, string] => [file, short(hash)]) : []),
  ];
}

function settingFact([name, value]: [string, string | number | boolean | null]): [string, string] {
  const label = settingLabels[name] ?? name;
  if (name === 'maxTokens') return [label, value === null ? 'none' : `${String(value)} tokens`];
  return [label, value === null ? 'none' : String(value)];
}

function environmentFacts({ versions, machine }: DescribedWork): Facts {
  return new Map([
    ...Object.entries(versions).map(([name, version]): [string, string] => [`version of ${name}`, version]),
    ...Object.entries(machine ?? {}),
  ]);
}

export function queriesText(limit: number | null): string {
  return limit === null ? 'all' : `the first ${limit}`;
}

/** The start of a hash, long enough to see that two hashes differ. */
export function short(hash: string): string {
  return hash.slice(0, 12);
}
