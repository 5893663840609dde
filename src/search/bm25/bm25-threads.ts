import { startThread } from '../../io/threads.js';
import { ThreadPool, type PooledThread } from '../threads/thread-pool.js';
import type { Bm25Scorer, QueryTerms, ScoredDocuments, ScoredIndex } from './scorer.js';

/** Messages to a worker thread. */
export type ToBm25Worker =
  | { readonly kind: 'open'; readonly index: ScoredIndex }
  | { readonly kind: 'search'; readonly queries: readonly QueryTerms[]; readonly topK: number }
  | { readonly kind: 'close' };

/** Its answer to each message, in order: the best documents of each query. */
export type FromBm25Worker = readonly ScoredDocuments[];

/** Queries per message. */
const batchSize = 8;
/** Unanswered messages per thread; few, so that slow queries on one thread do not delay the others. */
const batchesPerThread = 4;

const threadPool = new ThreadPool<ToBm25Worker, FromBm25Worker>(() => startThread(import.meta.url, 'bm25-worker'));

/** Searches on the calling thread, one query after another. */
export function* searchOnCallingThread(
  scorer: Bm25Scorer,
  queries: readonly QueryTerms[],
  topK: number,
): Generator<ScoredDocuments> {
  for (const terms of queries) yield scorer.search(terms, topK);
}

/** Searches in worker threads, which share the index; results come in the order of the queries. */
export async function* searchInThreads(
  index: ScoredIndex,
  queries: readonly QueryTerms[],
  topK: number,
  count: number,
): AsyncGenerator<ScoredDocuments> {
  const threads = Array.from({ length: count }, () => threadPool.take());
  const opening = Promise.all(threads.map((thread) => thread.ask({ kind: 'open', index })));
  opening.catch(() => undefined); // a failure shows in the answer to the next message
  const pending: Promise<FromBm25Worker>[] = [];
  try {
    for (let first = 0; first < queries.length; first += batchSize) {
      const batch = queries.slice(first, first + batchSize);
      const found = leastBusy(threads).ask({ kind: 'search', queries: batch, topK });
      found.catch(() => undefined); // awaited below, in the order of the queries
      pending.push(found);
      if (pending.length >= batchesPerThread * count) yield* await pending.shift()!;
    }
    while (pending.length > 0) yield* await pending.shift()!;
  } finally {
    await Promise.allSettled([opening, ...pending, ...threads.map((thread) => thread.ask({ kind: 'close' }))]);
    for (const thread of threads) threadPool.release(thread);
  }
}

function leastBusy(
  threads: readonly PooledThread<ToBm25Worker, FromBm25Worker>[],
): PooledThread<ToBm25Worker, FromBm25Worker> {
  return threads.reduce((a, b) => (b.load < a.load ? b : a));
}
