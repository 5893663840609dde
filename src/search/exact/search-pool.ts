import { startThread } from '../../io/threads.js';
import { transferListOf, type BlockResult, type SearchBlock, type SearchSetup } from './search-block.js';
import type { CandidateLists } from './candidate-lists.js';
import { ThreadPool } from '../threads/thread-pool.js';
import type { FromSearchWorker, ToSearchWorker } from './search-messages.js';
import { SharedBounds } from './shared-bounds.js';

/** Searches blocks; with threads, several concurrently. */
export interface BlockSearch {
  /** Maximum number of unanswered blocks: per thread, one in work and one waiting. */
  readonly capacity: number;
  /** @returns documents ready to merge, and the block's memory, which the caller must not use meanwhile */
  search(block: SearchBlock): Promise<{ result: BlockResult; memory: readonly ArrayBuffer[] }>;
  /** Call it after the last block. @returns the remaining documents to merge */
  finish(): Promise<readonly CandidateLists[]>;
  /** Call it when no search is running. */
  close(): Promise<void>;
}

/** Searches on the calling thread, if there are too few documents to be worth starting threads. */
export async function searchOnCallingThread(setup: SearchSetup): Promise<BlockSearch> {
  const scores = SharedBounds.noScores(1, setup.queries.rows);
  const { BlockSearcher } = await import('./block-search.js');
  const searcher = await BlockSearcher.open(setup, { scores, thread: 0 });
  return {
    capacity: 1,
    search: async (block) => ({ result: await searcher.search(block), memory: transferListOf(block) }),
    finish: () => Promise.resolve(searcher.finish()),
    close: () => Promise.resolve(),
  };
}

const blocksPerThread = 2;

const threadPool = new ThreadPool<ToSearchWorker, FromSearchWorker>(() =>
  startThread(import.meta.url, 'search-worker'),
);

/** Searches in worker threads; each has a single-threaded session, so that no thread waits for another within a product. */
export function searchInThreads(setup: SearchSetup, count: number): BlockSearch {
  const threads = Array.from({ length: count }, () => threadPool.take());
  const scores = SharedBounds.noScores(count, setup.queries.rows);
  const opening = Promise.all(
    threads.map((thread, i) => thread.ask({ kind: 'open', setup, bounds: { scores, thread: i } })),
  );
  opening.catch(() => undefined); // awaited by `search`
  return {
    capacity: blocksPerThread * count,
    async search(block) {
      const thread = threads.reduce((a, b) => (b.load < a.load ? b : a));
      const answer = thread.ask({ kind: 'search', block }, transferListOf(block));
      const [done] = await Promise.all([answer, opening]);
      if (done.kind !== 'done') throw new Error(`a thread of the search answered "${done.kind}"`);
      return done;
    },
    async finish() {
      const answers = await Promise.all(threads.map((thread) => thread.ask({ kind: 'finish' })));
      return answers.flatMap((answer) => (answer.kind === 'finished' ? answer.found : []));
    },
    async close() {
      await Promise.allSettled(threads.map((thread) => thread.ask({ kind: 'close' })));
      for (const thread of threads) threadPool.release(thread);
    },
  };
}
