import { InputError } from '../core/errors.js';
import type { InputCounts } from '../core/health.js';
import type { PairGroup, PairScorer } from '../core/model.js';
import type { Run } from '../core/run.js';
import type { CandidateRun, ReadyShard, RunnerContext } from '../core/runner.js';
import type { DocumentQueries, PairsPart } from '../core/shards.js';
import type { ShardHealth } from '../core/sum-health.js';
import type { Task } from '../core/task.js';
import { compareCodePoints, excerpt } from '../core/text.js';
import { shardKey, type VectorStore } from '../stores/index.js';
import { batches, inOrder } from './ordered-concurrency.js';
import { ensureStored } from './stored-shards.js';
import { pairGroups, taskPairs, type TaskPairs } from './task-pairs.js';

/** Documents per shard; a shard is scored, stored and resumed as a whole. */
const shardSize = 256;

/** A scorer with a store for its scores; stored scores are not recomputed. */
export interface StoredScorer {
  readonly scorer: PairScorer;
  readonly store: VectorStore;
}

/** A shard of pairs; `scores` are in the order of its pairs, and undefined if another machine computes it. */
export interface ScoredShard {
  readonly key: string;
  readonly candidates: readonly DocumentQueries[];
  readonly scores: Float32Array | undefined;
  readonly computed: number;
  readonly health: readonly ShardHealth[];
}

/** Scores all candidates, shard by shard; computes the shards that are not in the store. */
export async function* scoredShards(
  { scorer, store }: StoredScorer,
  pairs: TaskPairs,
  { run, depth }: CandidateRun,
  context: RunnerContext,
): AsyncGenerator<ScoredShard> {
  const all = candidatesByDocument(run, new Set(pairs.queries.map(({ id }) => id)), depth);
  const total = all.reduce((sum, { queryIds }) => sum + queryIds.length, 0);
  const stage = context.progress.stage('score pairs', total, 'pairs');
  const { size = shardSize, inFlight = 2 } = context.shards ?? {};
  const { model, settings } = scorer;
  try {
    yield* inOrder(batches(all, size), inFlight, async (batch, index): Promise<ScoredShard> => {
      const ready = pairShard(scorer, await pairGroups(pairs, batch));
      const key = ready.keys[0]!;
      const part = { kind: 'pairs', pairs: pairs.name, candidates: batch } as const;
      // Reading the few scores costs little, and finds a damaged shard, which then counts as missing.
      const isStored = async (): Promise<boolean> => (await store.get(key))?.columns === ready.size;
      const stored = await ensureStored(store, { index, ready, part, model, settings, isStored }, stage, context);
      return { key, candidates: batch, scores: (await store.get(key))?.data, ...stored };
    });
  } finally {
    stage.end();
  }
}

/** Opens one shard, for workers of a queue. */
export async function openPairShard(
  scorer: PairScorer,
  task: Task,
  { pairs, candidates }: PairsPart,
): Promise<ReadyShard> {
  return pairShard(scorer, await pairGroups(taskPairs(task, pairs), candidates));
}

/** A shard of pairs. Its scores are one row, in the order of the groups. */
function pairShard(scorer: PairScorer, groups: readonly PairGroup[]): ReadyShard {
  const { model, settings } = scorer;
  const texts = groups.flatMap(({ document, queries }) => [String(queries.length), document, ...queries]);
  return {
    keys: [shardKey({ model, settings, view: 'pairs', role: 'document', texts })],
    unit: 'pairs',
    size: groups.reduce((sum, { queries }) => sum + queries.length, 0),
    async compute(signal, onProgress) {
      let counts: InputCounts | null = null;
      const onCounts = (counted: InputCounts): void => void (counts = counted);
      const scores = await scorer.score(groups, { signal, onProgress, onCounts });
      requireFinite(scores, groups, scorer);
      const data = Float32Array.from(scores.flatMap((group) => [...group]));
      return { matrices: [{ rows: 1, columns: data.length, data }], inputs: data.length, counts };
    },
  };
}

/** @throws InputError that names the pair of a score that is not finite; scorers should refuse it earlier */
function requireFinite(scores: readonly Float32Array[], groups: readonly PairGroup[], { model }: PairScorer): void {
  scores.forEach((group, g) => {
    const bad = group.findIndex((score) => !Number.isFinite(score));
    if (bad < 0) return;
    const { document, queries } = groups[g]!;
    throw new InputError(
      `${model.id}: the score of the query "${excerpt(queries[bad]!)}" with the document "${excerpt(document)}" is ` +
        `${group[bad]!}; expected a finite number`,
    );
  });
}

/** Groups a run's candidates by document: documents in code point order, each with its queries in the order of the run. */
function candidatesByDocument(run: Run, queries: ReadonlySet<string>, depth: number): DocumentQueries[] {
  const byDocument = new Map<string, string[]>();
  for (const [queryId, { ids }] of run) {
    if (!queries.has(queryId)) continue;
    for (const documentId of ids.slice(0, depth)) {
      const queryIds = byDocument.get(documentId);
      if (queryIds === undefined) byDocument.set(documentId, [queryId]);
      else queryIds.push(queryId);
    }
  }
  return [...byDocument]
    .map(([documentId, queryIds]) => ({ documentId, queryIds }))
    .sort((a, b) => compareCodePoints(a.documentId, b.documentId));
}
