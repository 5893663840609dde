import type { Document, RetrievalTask } from '../core/dataset.js';
import { InputError } from '../core/errors.js';
import type { Ranking } from '../core/run.js';
import { askUbuntuText, askUbuntuTexts, recordOf, type AskUbuntuTask, type AskUbuntuText } from '../core/useb.js';
import { crossEncoderReranker, type StoredScorer } from './cross-encoder.js';
import { usageMeter } from './usage.js';
import type { UsebRunner } from './useb-bi-encoder.js';

/**
 * Re-ranks AskUbuntu's candidates by a pair score (SGPT-CE), a candidate's text being the document.
 * @throws InputError, when it is asked to score, for the other tasks
 */
export function usebCrossEncoder(stored: StoredScorer): UsebRunner {
  const reranker = crossEncoderReranker(stored);
  const { system } = reranker;
  const used = usageMeter(stored.scorer);
  return {
    systems: [system],
    async score(task, context) {
      if (task.dataset !== 'askubuntu') {
        throw new InputError(`${task.name}: a cross-encoder runs on AskUbuntu alone; choose --runner bi-encoder`);
      }
      const seconds: Record<string, number> = {};
      const scores = recordOf(askUbuntuTexts, (): Float32Array[] => []);
      let pairs = 0;
      for (const text of askUbuntuTexts) {
        const firstStage = new Map(task.queries.map(({ id, candidates }) => [id, asRanking(candidates)]));
        const depth = Math.max(...task.queries.map(({ candidates }) => candidates.length));
        const { run, cost } = await reranker.rerank(retrievalTask(task, text), firstStage, depth, context);
        scores[text].push(...task.queries.map(({ id, candidates }) => scoresOf(run.get(id)!, candidates)));
        seconds['score'] = (seconds['score'] ?? 0) + (cost.seconds['score'] ?? 0);
        pairs += cost.pairs ?? 0;
      }
      return [{ system, scores: { dataset: 'askubuntu', scores }, cost: { seconds, pairs, ...used() } }];
    },
    close: () => reranker.close(),
  };
}

/** AskUbuntu with one kind of text, as a task for re-rankers. */
function retrievalTask(task: AskUbuntuTask, text: AskUbuntuText): RetrievalTask {
  const documentOf = (id: string): Document => ({ id, title: '', text: askUbuntuText(task, id, text) });
  return {
    name: task.name,
    split: task.split,
    corpus: {
      size: task.posts.size,
      async *documents() {
        for (const id of task.posts.keys()) yield await Promise.resolve(documentOf(id));
      },
      fetch: (ids) => Promise.resolve(ids.map(documentOf)),
      close: () => Promise.resolve(),
    },
    queries: task.queries.map(({ id }) => ({ id, text: askUbuntuText(task, id, text) })),
    qrels: new Map(task.queries.map(({ id, positives }) => [id, new Map([...positives].map((post) => [post, 1]))])),
    removesIdenticalIds: false,
    facts: task.facts,
  };
}

/** Distinct ids in this order, whatever their scores. */
function asRanking(ids: readonly string[]): Ranking {
  const distinct = [...new Set(ids)];
  return { ids: distinct, scores: Float32Array.from(distinct, (_, i) => -i) };
}

function scoresOf({ ids, scores }: Ranking, candidates: readonly string[]): Float32Array {
  const byId = new Map(ids.map((id, i) => [id, scores[i]!]));
  return Float32Array.from(candidates, (id) => byId.get(id)!);
}
