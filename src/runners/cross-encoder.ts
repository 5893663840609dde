import type { RetrievalTask } from '../core/dataset.js';
import { InputError } from '../core/errors.js';
import type { Matrix, PairGroup, PairScorer, WorkOptions } from '../core/model.js';
import { documentText } from '../core/profile.js';
import { rank, type Ranking, type Run } from '../core/run.js';
import type { ProgressStage, Reranker, RunnerContext, SystemInfo } from '../core/runner.js';
import { computedHere, type Candidates, type ShardWork } from '../core/shards.js';
import { compareCodePoints } from '../core/text.js';
import { shardKey, type VectorStore } from '../stores/index.js';
import { batches, drain, inOrder } from './ordered-concurrency.js';
import { timed } from './timing.js';
import { usageMeter } from './usage.js';

/** Documents a shard: the unit that is scored, stored and resumed. */
const shardSize = 256;

/** A scorer, and the store that keeps its scores: what is there is not computed again. */
export interface StoredScorer {
  readonly scorer: PairScorer;
  readonly store: VectorStore;
}

/**
 * Re-ranks the first documents of a run by a pair score (SGPT-CE). Only those that are scored are in the new run, as in
 * the paper. Pairs are grouped by document, so that a document is read once for all its queries.
 */
export function crossEncoderReranker(stored: StoredScorer): Reranker {
  const { scorer } = stored;
  const prompt = scorer.settings['prompt'] ?? null;
  const system: SystemInfo = {
    name: `CE ${scorer.model.id} ${String(prompt)}`,
    runner: 'cross-encoder',
    family: `CE ${String(prompt)}`,
    model: scorer.model,
    settings: scorer.settings,
  };
  const used = usageMeter(scorer);
  return {
    system,
    async rerank(task, firstStage, depth, context) {
      const seconds: Record<string, number> = {};
      const { run, computed } = await timed(seconds, 'score', () => rerank(stored, task, firstStage, depth, context));
      return { system, run, cost: { seconds, pairs: computed, ...used() } };
    },
    async fill(task, firstStage, depth, context) {
      await drain(scoredShards(stored, task, firstStage, depth, context));
    },
    close: () => scorer.close(),
  };
}

async function rerank(
  stored: StoredScorer,
  task: RetrievalTask,
  firstStage: Run,
  depth: number,
  context: RunnerContext,
): Promise<{ run: Run; computed: number }> {
  const scored = new Map(task.queries.map(({ id }) => [id, { ids: [] as string[], scores: [] as number[] }]));
  let computed = 0;
  for await (const shard of scoredShards(stored, task, firstStage, depth, context)) {
    if (shard.scores === undefined)
      throw new InputError(
        `the stored scores ${shard.key} were damaged or deleted meanwhile; run the same command again to compute them anew`,
      );
    computed += shard.computed;
    collect(scored, shard.candidates, shard.scores);
  }
  const rankings = [...scored].filter(([, { ids }]) => ids.length > 0);
  return {
    run: new Map(rankings.map(([id, { ids, scores }]): [string, Ranking] => [id, rank(ids, scores)])),
    computed,
  };
}

/** A shard's scores in the order of its pairs; undefined where it is another machine's share. */
interface ScoredShard {
  readonly key: string;
  readonly candidates: readonly Candidates[];
  readonly scores: Float32Array | undefined;
  readonly computed: number;
}

async function* scoredShards(
  stored: StoredScorer,
  task: RetrievalTask,
  firstStage: Run,
  depth: number,
  { progress, signal, shards: work = computedHere }: RunnerContext,
): AsyncGenerator<ScoredShard> {
  const texts = queryTexts(task);
  const all = candidatesByDocument(firstStage, texts, depth);
  const pairs = all.reduce((sum, { queryIds }) => sum + queryIds.length, 0);
  const stage = progress.stage('score pairs', pairs, 'pairs');
  try {
    yield* inOrder(batches(all, work.size ?? shardSize), work.inFlight, async (candidates, index) => {
      const groups = await pairGroups(task, texts, candidates);
      return scoreShard(stored, { candidates, groups, index }, stage, work, signal);
    });
  } finally {
    stage.end();
  }
}

/** Query id → text. */
export function queryTexts({ queries }: RetrievalTask): Map<string, string> {
  return new Map(queries.map(({ id, text }) => [id, text]));
}

/** The texts of candidates, in their order. */
export async function pairGroups(
  { corpus }: RetrievalTask,
  queries: ReadonlyMap<string, string>,
  candidates: readonly Candidates[],
): Promise<PairGroup[]> {
  const documents = await corpus.fetch(candidates.map(({ documentId }) => documentId));
  return candidates.map(({ queryIds }, i) => ({
    document: documentText(documents[i]!),
    queries: queryIds.map((id) => queries.get(id)!),
  }));
}

/** Where the store has the scores of these pairs. */
export function pairShardKey({ model, settings }: PairScorer, groups: readonly PairGroup[]): string {
  const texts = groups.flatMap(({ document, queries }) => [String(queries.length), document, ...queries]);
  return shardKey({ model, settings, view: 'pairs', role: 'document', texts });
}

/** Turns the run around: documents in code point order, each with its queries in the order of the run. */
function candidatesByDocument(run: Run, queries: ReadonlyMap<string, string>, depth: number): Candidates[] {
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

/** Scores a shard's pairs in the order of the groups, unless the store has them. */
async function scoreShard(
  { scorer, store }: StoredScorer,
  { candidates, groups, index }: { candidates: readonly Candidates[]; groups: readonly PairGroup[]; index: number },
  stage: ProgressStage,
  work: ShardWork,
  signal: AbortSignal | undefined,
): Promise<ScoredShard> {
  const key = pairShardKey(scorer, groups);
  const pairs = groups.reduce((sum, { queries }) => sum + queries.length, 0);
  const there = await store.get(key);
  if (there?.columns === pairs) {
    stage.advance(pairs);
    return { key, candidates, scores: there.data, computed: 0 };
  }
  let shown = 0;
  const onProgress = (done: number): void => {
    shown += done;
    stage.advance(done);
  };
  const { model, settings } = scorer;
  await work.make({ index, keys: [key], part: { kind: 'pairs', candidates }, model, settings }, async () => {
    await store.put(key, await pairScores(scorer, groups, { signal, onProgress }));
  });
  stage.advance(pairs - shown);
  return { key, candidates, scores: (await store.get(key))?.data, computed: pairs };
}

/** The scores of all pairs as one row. */
export async function pairScores(
  scorer: PairScorer,
  groups: readonly PairGroup[],
  options: WorkOptions,
): Promise<Matrix> {
  const data = Float32Array.from((await scorer.score(groups, options)).flatMap((group) => [...group]));
  return { rows: 1, columns: data.length, data };
}

function collect(
  scored: ReadonlyMap<string, { ids: string[]; scores: number[] }>,
  batch: readonly Candidates[],
  scores: Float32Array,
): void {
  let next = 0;
  for (const { documentId, queryIds } of batch) {
    for (const queryId of queryIds) {
      const entry = scored.get(queryId)!;
      entry.ids.push(documentId);
      entry.scores.push(scores[next++]!);
    }
  }
}
