import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rank } from '../../src/core/run.js';
import { sha256 } from '../../src/io/files.js';
import { fingerprintOf } from '../../src/results/fingerprint.js';
import {
  perQuerySchema,
  RECORD_VERSION,
  resultRecordSchema,
  type PerQuery,
  type ResultRecord,
} from '../../src/results/record.js';
import { resultFolder, saveResult, type StoredResult } from '../../src/results/store.js';

export interface FixtureSystem {
  readonly name: string;
  readonly runner: string;
  readonly family: string;
  readonly parameters?: number;
  readonly settings?: ResultRecord['system']['settings'];
  readonly firstStage?: ResultRecord['firstStage'];
}

export interface FixtureTask {
  readonly name: string;
  readonly split?: string;
  readonly profile?: ResultRecord['profile'];
  readonly checksum?: string;
  readonly queryLimit?: number;
  readonly measure?: string;
  readonly queries?: number;
}

/** A record as the pipeline writes them, checked against the schema. */
export function record(system: FixtureSystem, task: FixtureTask, score: number): ResultRecord {
  const queries = task.queries ?? 60;
  const work = {
    task: {
      name: task.name,
      split: task.split ?? 'test',
      checksum: task.checksum ?? sha256(task.name),
      documents: 240,
      queries,
      judgements: 400,
      judgementsOfUnknownDocuments: 0,
      judgedQueriesWithoutText: 0,
      queryLimit: task.queryLimit ?? null,
    },
    system: {
      name: system.name,
      runner: system.runner,
      family: system.family,
      model:
        system.parameters === undefined
          ? null
          : {
              id: `models/${system.parameters}`,
              revision: null,
              architecture: 'gpt_neo',
              parameters: system.parameters,
              files: { 'model.safetensors': sha256(String(system.parameters)) },
              dtype: 'fp32',
            },
      settings: system.settings ?? {},
    },
    profile: task.profile ?? ('sgpt-paper' as const),
    firstStage: system.firstStage ?? null,
    topK: 1000,
  };
  return resultRecordSchema.parse({
    schema: 'sgpt-bench/result',
    version: RECORD_VERSION,
    fingerprint: fingerprintOf(work),
    ...work,
    evaluation: { average: 'intersection', identicalIdsRemoved: true, decimals: 5, queriesWithoutRanking: 0 },
    health: { tiedQueries: 0, inputs: {}, droppedDocuments: 0 },
    mainMeasure: task.measure ?? 'nDCG@10',
    measures: { [task.measure ?? 'nDCG@10']: score, 'R@100': Math.min(1, score + 0.3) },
    files: {
      run: { name: 'run.trec.gz', sha256: sha256('run') },
      perQuery: { name: 'per-query.json.gz', sha256: sha256('per-query') },
    },
    provenance: {
      createdAt: '2026-01-02T03:04:05Z',
      command: `sgpt-bench run --task ${task.name} --model ${system.name}`,
      versions: { 'sgpt-bench': '0.1.0', node: '20.20.2' },
      build: 'b'.repeat(16),
      makers: [],
      recheck: null,
      machine: { platform: 'linux x64', cpu: 'Test CPU', cores: 4, memoryGiB: 16, threads: 2 },
      cost: { seconds: { encode: 12.5, search: 0.5 }, texts: 300 },
    },
  });
}

/** A result that was never stored; reports of it have no per-query parts. */
export function result(system: FixtureSystem, task: FixtureTask, score: number, root = 'results'): StoredResult {
  const made = record(system, task, score);
  return { folder: resultFolder(root, task.name, system.name, made.fingerprint), record: made };
}

/** Per-query values around a mean: a plain sequence, so that the same fixture has the same numbers. */
export function perQuery(of: ResultRecord, seed: number, texts: (i: number) => string = (i) => `query ${i}`): PerQuery {
  const measures = Object.keys(of.measures);
  return perQuerySchema.parse({
    schema: 'sgpt-bench/per-query',
    version: RECORD_VERSION,
    measures,
    queries: Array.from({ length: of.task.queries }, (_, i) => ({
      id: `q${i}`,
      text: texts(i),
      values: measures.map((name) => Math.min(1, Math.max(0, of.measures[name]! + noise(seed, i)))),
      top: Array.from({ length: 10 }, (_, rank) => ({
        id: `d${(i * 7 + rank * seed) % 240}`,
        title: `Document ${(i * 7 + rank * seed) % 240}`,
        score: 10 - rank,
        grade: rank === (i + seed) % 4 ? 2 : rank === 5 ? 0 : null,
      })),
    })),
  });
}

function noise(seed: number, i: number): number {
  return (((i * 7919 + seed * 104729) % 1000) / 1000 - 0.5) * 0.4;
}

/** Stores a result with its per-query file below `root`, as the pipeline does. */
export async function store(
  root: string,
  system: FixtureSystem,
  task: FixtureTask,
  score: number,
  seed = 1,
  texts?: (i: number) => string,
): Promise<StoredResult> {
  const made = record(system, task, score);
  return saveResult(root, made, null, perQuery(made, seed, texts));
}

/** Stores a result that is whole: with a run, and with means that follow from the scores, near `score`. */
export function storeWhole(
  root: string,
  system: FixtureSystem,
  task: FixtureTask,
  score: number,
  seed = 1,
): Promise<StoredResult> {
  const made = record(system, task, score);
  const scores = perQuery(made, seed);
  const { measures, queries } = scores;
  const means = measures.map((_, i) => queries.reduce((sum, { values }) => sum + values[i]!, 0) / queries.length);
  const measured = Object.fromEntries(measures.map((name, i) => [name, Number(means[i]!.toFixed(5))]));
  const run = new Map(
    queries.map(({ id, top }) => [
      id,
      rank(
        top.map((one) => one.id),
        top.map((one) => one.score),
      ),
    ]),
  );
  return saveResult(root, { ...made, measures: measured }, run, scores);
}

/** Runs `body` with a folder that is removed afterwards. */
export async function withFolder<T>(body: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'sgpt-bench-report-'));
  try {
    return await body(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

export const bm25: FixtureSystem = {
  name: 'BM25 elasticsearch',
  runner: 'bm25',
  family: 'BM25',
  settings: { bm25: 'elasticsearch' },
};
export const oracle: FixtureSystem = {
  name: 'Oracle over BM25',
  runner: 'oracle',
  family: 'Oracle',
  firstStage: { name: 'BM25 elasticsearch', checksum: sha256('run'), depth: 100 },
};

const sizes = [
  ['1m', 1_200_000],
  ['5m', 4_900_000],
  ['20m', 19_800_000],
] as const;

export const biEncoders: readonly FixtureSystem[] = ['weightedmean', 'mean', 'lasttoken'].flatMap((pooling) =>
  sizes.map(([size, parameters]) => ({
    name: `BE sgpt-${size} ${pooling}`,
    runner: 'bi-encoder',
    family: `BE ${pooling}`,
    parameters,
    settings: { pooling, layer: 6 },
  })),
);

export const crossEncoders: readonly FixtureSystem[] = sizes.map(([size, parameters]) => ({
  name: `CE gpt-${size} G`,
  runner: 'cross-encoder',
  family: 'CE G',
  parameters,
  settings: { prompt: 'G' },
  firstStage: { name: 'BM25 elasticsearch', checksum: sha256('run'), depth: 100 },
}));

/** The systems of the demonstration: BM25, three poolings and the cross-encoder in three sizes, the oracle. */
export const demoSystems: readonly FixtureSystem[] = [bm25, ...biEncoders, ...crossEncoders, oracle];
