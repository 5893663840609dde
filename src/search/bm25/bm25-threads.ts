import { startThread } from '../../io/threads.js';
import { KeptThreads, type KeptThread } from '../threads/kept-threads.js';
import type { Bm25Scorer, QueryTerms, ScoredDocuments, ScoredIndex } from './scorer.js';

/** What is said to a worker thread. */
export type ToBm25Worker =
  | { readonly kind: 'open'; readonly index: ScoredIndex }
  | { readonly kind: 'search'; readonly queries: readonly QueryTerms[]; readonly topK: number }
  | { readonly kind: 'close' };

/** What it answers, in turn: what was found for each query. */
export type FromBm25Worker = readonly ScoredDocuments[];

/** Queries a message. */
const batchSize = 8;
/** Messages that a thread has at a time, so that one with long queries keeps no other waiting. */
const batchesPerThread = 4;

const keptThreads = new KeptThreads<ToBm25Worker, FromBm25Worker>(() => startThread(import.meta.url, 'bm25-worker'));

/** On the calling thread, query by query. */
export function* searchHere(
  scorer: Bm25Scorer,
  queries: readonly QueryTerms[],
  topK: number,
): Generator<ScoredDocuments> {
  for (const terms of queries) yield scorer.search(terms, topK);
}

/** In worker threads that share the index, some queries at a time; what is found comes in the order of the queries. */
export async function* searchInThreads(
  index: ScoredIndex,
  queries: readonly QueryTerms[],
  topK: number,
  count: number,
): AsyncGenerator<ScoredDocuments> {
  const threads = Array.from({ length: count }, () => keptThreads.take());
  const opening = Promise.all(threads.map((thread) => thread.ask({ kind: 'open', index })));
  opening.catch(() => undefined); // seen with what is asked next
  const asked: Promise<FromBm25Worker>[] = [];
  try {
    for (let first = 0; first < queries.length; first += batchSize) {
      const batch = queries.slice(first, first + batchSize);
      const found = leastBusy(threads).ask({ kind: 'search', queries: batch, topK });
      found.catch(() => undefined); // seen when its turn comes
      asked.push(found);
      if (asked.length >= batchesPerThread * count) yield* await asked.shift()!;
    }
    while (asked.length > 0) yield* await asked.shift()!;
  } finally {
    await Promise.allSettled([opening, ...asked, ...threads.map((thread) => thread.ask({ kind: 'close' }))]);
    for (const thread of threads) keptThreads.release(thread);
  }
}

function leastBusy(
  threads: readonly KeptThread<ToBm25Worker, FromBm25Worker>[],
): KeptThread<ToBm25Worker, FromBm25Worker> {
  return threads.reduce((a, b) => (b.load < a.load ? b : a));
}
