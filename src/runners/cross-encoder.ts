import type { RetrievalTask } from '../core/dataset.js';
import type { Matrix, PairGroup, PairScorer } from '../core/model.js';
import { documentText } from '../core/profile.js';
import { rank, type Ranking, type Run } from '../core/run.js';
import type { ProgressStage, Reranker, RunnerContext, SystemInfo } from '../core/runner.js';
import { compareCodePoints } from '../core/text.js';
import { shardKey, type EmbeddingStore } from '../search/index.js';
import { batches } from './embedding.js';
import { timed } from './timing.js';

/** Documents a shard: the unit that is scored, stored and resumed. */
const shardSize = 256;

/** A scorer, and the store that keeps its scores: what is there is not computed again. */
export interface StoredScorer {
  readonly scorer: PairScorer;
  readonly store: EmbeddingStore;
}

/** A document and the queries that have it among their candidates. */
interface Candidates {
  readonly documentId: string;
  readonly queryIds: string[];
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
  return {
    system,
    async rerank(task, firstStage, depth, context) {
      const seconds: Record<string, number> = {};
      const { run, computed } = await timed(seconds, 'score', () => rerank(stored, task, firstStage, depth, context));
      return { system, run, cost: { seconds, pairs: computed } };
    },
    close: () => scorer.close(),
  };
}

async function rerank(
  stored: StoredScorer,
  task: RetrievalTask,
  firstStage: Run,
  depth: number,
  { progress, signal }: RunnerContext,
): Promise<{ run: Run; computed: number }> {
  const texts = new Map(task.queries.map(({ id, text }) => [id, text]));
  const candidates = candidatesByDocument(firstStage, texts, depth);
  const pairs = candidates.reduce((sum, { queryIds }) => sum + queryIds.length, 0);
  const stage = progress.stage('score pairs', pairs, 'pairs');
  const scored = new Map([...texts.keys()].map((id) => [id, { ids: [] as string[], scores: [] as number[] }]));
  let computed = 0;
  try {
    for await (const batch of batches(candidates, shardSize)) {
      const documents = await task.corpus.fetch(batch.map(({ documentId }) => documentId));
      const groups = batch.map(({ queryIds }, i) => ({
        document: documentText(documents[i]!),
        queries: queryIds.map((id) => texts.get(id)!),
      }));
      const result = await scoreShard(stored, groups, stage, signal);
      computed += result.computed;
      collect(scored, batch, result.scores);
    }
  } finally {
    stage.end();
  }
  const rankings = [...scored].filter(([, { ids }]) => ids.length > 0);
  return {
    run: new Map(rankings.map(([id, { ids, scores }]): [string, Ranking] => [id, rank(ids, scores)])),
    computed,
  };
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

/** Scores of a shard's pairs in the order of the groups, from the store where they are there. */
async function scoreShard(
  { scorer, store }: StoredScorer,
  groups: readonly PairGroup[],
  stage: ProgressStage,
  signal: AbortSignal | undefined,
): Promise<{ scores: Float32Array; computed: number }> {
  const texts = groups.flatMap(({ document, queries }) => [String(queries.length), document, ...queries]);
  const key = shardKey({ model: scorer.model, settings: scorer.settings, view: 'pairs', role: 'document', texts });
  const pairs = groups.reduce((sum, { queries }) => sum + queries.length, 0);
  const there: Matrix | undefined = await store.get(key);
  if (there?.columns === pairs) {
    stage.advance(pairs);
    return { scores: there.data, computed: 0 };
  }
  const onProgress = (done: number): void => {
    stage.advance(done);
  };
  const scores = Float32Array.from((await scorer.score(groups, { signal, onProgress })).flatMap((group) => [...group]));
  await store.put(key, { rows: 1, columns: pairs, data: scores });
  return { scores, computed: pairs };
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
