import type { ScoredResult } from '../../src/results/verify.js';
import { RECORD_VERSION, type ResultRecord } from '../../src/results/record.js';

export interface ResultChanges {
  readonly task?: Partial<ResultRecord['task']>;
  readonly system?: Partial<ResultRecord['system']>;
  readonly record?: Partial<Pick<ResultRecord, 'profile' | 'firstStage' | 'topK' | 'mainMeasure'>>;
  readonly provenance?: Partial<ResultRecord['provenance']>;
  readonly folder?: string;
}

export const checksum = (letter: string): string => letter.repeat(64);

/**
 * A result with these per-query values of each measure (query id → value; null where the system has no ranking), means over
 * those that are not null.
 */
export function scoredResult(
  measures: Readonly<Record<string, Iterable<readonly [string, number | null]>>>,
  changes: ResultChanges = {},
): ScoredResult {
  const columns = Object.values(measures).map((values) => new Map(values));
  const ids = [...new Set(columns.flatMap((column) => [...column.keys()]))];
  const names = Object.keys(measures);
  const record: ResultRecord = {
    schema: 'sgpt-bench/result',
    version: RECORD_VERSION,
    fingerprint: checksum('f'),
    task: {
      name: 'beir/nfcorpus',
      split: 'test',
      checksum: checksum('a'),
      documents: 100,
      queries: ids.length,
      judgements: ids.length,
      judgementsOfUnknownDocuments: 0,
      judgedQueriesWithoutText: 0,
      queryLimit: null,
      ...changes.task,
    },
    system: {
      name: 'BM25 elasticsearch',
      runner: 'bm25',
      family: 'BM25',
      model: null,
      settings: { bm25: 'elasticsearch' },
      ...changes.system,
    },
    profile: 'sgpt-paper',
    firstStage: null,
    topK: 1000,
    evaluation: { average: 'intersection', identicalIdsRemoved: true, decimals: 5, queriesWithoutRanking: 0 },
    health: { tiedQueries: 0, inputs: {}, droppedDocuments: 0 },
    mainMeasure: names[0] ?? 'nDCG@10',
    measures: Object.fromEntries(names.map((name, i) => [name, meanOf([...columns[i]!.values()])])),
    files: {
      run: { name: 'run.trec.gz', sha256: checksum('1') },
      perQuery: { name: 'per-query.json.gz', sha256: checksum('2') },
    },
    provenance: {
      createdAt: '2026-11-20T10:00:00.000Z',
      command: 'sgpt-bench run',
      versions: { 'sgpt-bench': '0.1.0', 'onnxruntime-node': '1.30.0' },
      build: 'b'.repeat(16),
      makers: [],
      recheck: null,
      machine: { platform: 'linux x64', cpu: 'a processor', cores: 4, memoryGiB: 16, threads: 2 },
      cost: { seconds: { search: 1 } },
      ...changes.provenance,
    },
    ...changes.record,
  };
  const queries = ids.map((id) => ({
    id,
    text: `text of ${id}`,
    values: columns.map((column) => column.get(id) ?? null),
    top: [{ id: `best-of-${id}`, title: `Title for ${id}`, score: 1, grade: 1 }],
  }));
  const perQuery = { schema: 'sgpt-bench/per-query', version: RECORD_VERSION, measures: names, queries } as const;
  return { folder: changes.folder ?? 'results/one', record, perQuery: { ...perQuery, measures: names, queries } };
}

/** A model for `system.model`. */
export function model(id: string, hash: string): NonNullable<ResultRecord['system']['model']> {
  const files = { 'model.safetensors': checksum(hash) };
  return { id, revision: null, architecture: 'gpt_neo', parameters: 125_000_000, files, dtype: 'fp32' };
}

/** `count` queries, each with the value that `valueOf` gives. */
export function queries(count: number, valueOf: (index: number) => number | null): [string, number | null][] {
  return Array.from({ length: count }, (_, i) => [`q${i + 1}`, valueOf(i)]);
}

function meanOf(values: readonly (number | null)[]): number {
  const there = values.filter((value) => value !== null);
  return there.length === 0 ? 0 : there.reduce((sum, value) => sum + value, 0) / there.length;
}
