import { profileByName, type Profile } from '../../core/profile.js';
import type { ResultRecord, WorkDescription } from '../record.js';

/** Which data: scores are comparable where split, checksum and number of queries are equal. */
export type DescribedData = Pick<ResultRecord['task'], 'name' | 'split' | 'checksum' | 'queryLimit'>;

/** What was done and what did it: the part of a record that can explain why two scores differ. */
export interface DescribedWork extends Omit<WorkDescription, 'task'> {
  readonly task: DescribedData;
  readonly versions: Readonly<Record<string, string>>;
  /** Where it was done, if that is known: `linux x64`, the processor, the number of threads. */
  readonly machine?: Readonly<Record<string, string>>;
}

/** Something that is not the same on both sides, in words. */
export interface WorkDifference {
  /** `pooling`, `truncation`, `model.safetensors` … */
  readonly what: string;
  readonly a: string;
  readonly b: string;
  /** Part of the work itself, or only of what it was done with (versions, machine), which should move no score. */
  readonly kind: 'work' | 'environment';
}

/** Settings whose recorded names say too little. Others go by their own names. */
const settingLabels: Readonly<Record<string, string>> = {
  maxTokens: 'truncation',
  layer: 'hidden state',
  bm25: 'BM25 settings',
  template: 'prompt text',
  storeDtype: 'vectors stored as',
};

/** A result's work, as records describe it. */
export function workOf({ task, system, profile, firstStage, topK, provenance }: ResultRecord): DescribedWork {
  const { platform, cpu, threads } = provenance.machine;
  const machine = { platform, processor: cpu, threads: String(threads) };
  return { task, system, profile, firstStage, topK, versions: provenance.versions, machine };
}

/**
 * Everything that differs between two results' work: data, system, profile with what it stands for, model, settings, first
 * stage, versions, machine.
 */
export function workDifferences(a: DescribedWork, b: DescribedWork): WorkDifference[] {
  const sameModel = a.system.model?.id === b.system.model?.id;
  const work = differences(workFacts(a, sameModel), workFacts(b, sameModel), 'work');
  return [...work, ...differences(environmentFacts(a), environmentFacts(b), 'environment')];
}

/** `truncation: 299 tokens, now 300 tokens`: one line for a message. */
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

/** @param withFiles whether the hashes of the model's files say anything: those of two different models do not */
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
    [settingLabels['storeDtype']!, 'float32'], // unless the settings say otherwise
    ...Object.entries(system.settings).map(settingFact),
    ['first stage', firstStage?.name ?? 'none'],
    ['re-ranking depth', String(firstStage?.depth ?? 'none')],
    ['first-stage candidates', firstStage === null ? 'none' : short(firstStage.checksum)],
    ['documents kept a query', String(topK)],
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

/** The start of a hash: enough to see that two differ. */
export function short(hash: string): string {
  return hash.slice(0, 12);
}
