import type { Ranking } from '../core/run.js';
import type { Progress, SystemInfo } from '../core/runner.js';
import { cqaDupStackDepth, usebDatasets, usebMainMeasures, type AskUbuntuTask, type UsebTask } from '../core/useb.js';
import type { BenchContext, BenchSettings } from './retrieval.js';
import {
  evaluateUseb,
  usebAverage,
  usebFraction,
  usebFractionDecimals,
  usebPercentage,
  type UsebEvaluation,
} from '../measures/useb/index.js';
import { candidatesChecksum, fingerprintOf } from '../results/fingerprint.js';
import { describeProvenance } from '../results/provenance.js';
import { RECORD_VERSION, type PerQuery, type ResultRecord, type WorkDescription } from '../results/record.js';
import { findResult, saveResult, type StoredResult } from '../results/store.js';
import type { UsebRunner, UsebSystemScores } from '../runners/useb-bi-encoder.js';

/**
 * Runs a runner on a USEB task, evaluates each of its systems and writes the results. A result that is there with the
 * same fingerprint is taken as it is.
 */
export async function benchUseb(
  task: UsebTask,
  runner: UsebRunner,
  settings: BenchSettings,
  context: BenchContext,
): Promise<StoredResult[]> {
  const works = runner.systems.map((system) => describeWork(task, system, context));
  const there = await Promise.all(
    works.map(async (work) => (settings.overwrite ? undefined : findResult(settings.output, work))),
  );
  if (there.every((result) => result !== undefined)) return there;
  const results: StoredResult[] = [];
  for (const [i, scored] of (await runner.score(task, context)).entries()) {
    results.push(there[i] ?? (await evaluateAndSave(task, scored, works[i]!, settings, context)));
  }
  return results;
}

/** Says USEB's average for each system that has all four tasks among the results. */
export function noteUsebAverages(results: readonly StoredResult[], progress: Progress): void {
  const bySystem = new Map<string, Map<string, ReadonlyMap<string, number>>>();
  for (const { record } of results) {
    const slash = record.task.name.lastIndexOf('/');
    const key = `${record.task.name.slice(0, slash)}: ${record.system.name}`;
    const byDataset = bySystem.get(key) ?? new Map<string, ReadonlyMap<string, number>>();
    byDataset.set(record.task.name.slice(slash + 1), new Map(Object.entries(record.measures)));
    bySystem.set(key, byDataset);
  }
  for (const [key, byDataset] of bySystem) {
    if (!usebDatasets.every((dataset) => byDataset.has(dataset))) continue;
    progress.note(`${key}: average of the four main scores ${usebAverage(byDataset).toFixed(2)}`);
  }
}

/** The profile says nothing about USEB, but is part of every record. */
function describeWork(task: UsebTask, { model, ...system }: SystemInfo, { profile }: BenchContext): WorkDescription {
  const { name, split, facts } = task;
  return {
    task: { name, split, ...facts, queryLimit: null },
    system: { ...system, model: model === null ? null : { ...model, files: { ...model.files } } },
    profile: profile.name,
    firstStage: system.runner === 'cross-encoder' && task.dataset === 'askubuntu' ? firstStageOf(task) : null,
    topK: cqaDupStackDepth,
  };
}

/** What a cross-encoder re-ranks in AskUbuntu: the candidates that are part of the data. */
function firstStageOf({ queries }: AskUbuntuTask): WorkDescription['firstStage'] {
  const rankings = queries.map(({ id, candidates: ids }): [string, Ranking] => [
    id,
    { ids, scores: new Float32Array(ids.length) },
  ]);
  const depth = Math.max(...queries.map(({ candidates }) => candidates.length));
  return { name: "USEB's BM25", checksum: candidatesChecksum(new Map(rankings), depth), depth };
}

async function evaluateAndSave(
  task: UsebTask,
  { system, scores, cost }: UsebSystemScores,
  work: WorkDescription,
  settings: BenchSettings,
  context: BenchContext,
): Promise<StoredResult> {
  const evaluation = evaluateUseb(task, scores);
  const mainMeasure = usebMainMeasures[task.dataset];
  const record: ResultRecord = {
    schema: 'sgpt-bench/result',
    version: RECORD_VERSION,
    fingerprint: fingerprintOf(work),
    ...work,
    evaluation: {
      average: 'intersection',
      identicalIdsRemoved: false,
      decimals: usebFractionDecimals,
      queriesWithoutRanking: task.skippedQueries,
    },
    mainMeasure,
    measures: Object.fromEntries([...evaluation.values].map(([key, value]) => [key, usebFraction(value)])),
    files: { run: null, perQuery: 'per-query.json.gz' },
    provenance: await describeProvenance(context.command, context.threads, cost),
  };
  const percentage = usebPercentage(evaluation.values.get(mainMeasure)!).toFixed(2);
  context.progress.note(`${task.name}: ${system.name}: ${mainMeasure} ${percentage}`);
  return saveResult(settings.output, record, null, perQueryOf(evaluation));
}

function perQueryOf({ queryMeasures, queries }: UsebEvaluation): PerQuery {
  return {
    schema: 'sgpt-bench/per-query',
    version: RECORD_VERSION,
    measures: [...queryMeasures],
    queries: queries.map(({ id, text, values, top }) => ({ id, text, values: [...values], top: [...top] })),
  };
}
