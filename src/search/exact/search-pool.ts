import { startThread } from '../../io/threads.js';
import { memoryOf, type BlockResult, type SearchBlock, type SearchSetup } from './search-block.js';
import type { Found } from './candidates.js';
import { KeptThreads } from '../threads/kept-threads.js';
import type { FromSearchWorker, ToSearchWorker } from './search-messages.js';
import { SharedBounds } from './shared-bounds.js';

/** Searches blocks; several at a time where it has threads. */
export interface BlockSearch {
  /** Blocks that may be given before the first is done: one to work on and one to go on with, for each thread. */
  readonly capacity: number;
  /** @returns what is to be merged by now, and the memory of the block, which is not the caller's meanwhile */
  search(block: SearchBlock): Promise<{ result: BlockResult; memory: readonly ArrayBuffer[] }>;
  /** What is to be merged in the end, after all blocks that were given; there are no more. */
  finish(): Promise<readonly Found[]>;
  /** Call it when nothing is being searched. */
  close(): Promise<void>;
}

/** On the calling thread: for so few documents that starting threads would take longer. */
export async function searchHere(setup: SearchSetup): Promise<BlockSearch> {
  const scores = SharedBounds.noScores(1, setup.queries.rows);
  const { BlockSearcher } = await import('./block-search.js');
  const searcher = await BlockSearcher.open(setup, { scores, thread: 0 });
  return {
    capacity: 1,
    search: async (block) => ({ result: await searcher.search(block), memory: memoryOf(block) }),
    finish: () => Promise.resolve(searcher.finish()),
    close: () => Promise.resolve(),
  };
}

const blocksPerThread = 2;

const keptThreads = new KeptThreads<ToSearchWorker, FromSearchWorker>(() =>
  startThread(import.meta.url, 'search-worker'),
);

/** In worker threads, each with a session of its own on one thread: no thread waits for another within a product. */
export function searchInThreads(setup: SearchSetup, count: number): BlockSearch {
  const threads = Array.from({ length: count }, () => keptThreads.take());
  const scores = SharedBounds.noScores(count, setup.queries.rows);
  const opening = Promise.all(
    threads.map((thread, i) => thread.ask({ kind: 'open', setup, sharing: { scores, thread: i } })),
  );
  opening.catch(() => undefined); // seen by whoever searches
  return {
    capacity: blocksPerThread * count,
    async search(block) {
      const thread = threads.reduce((a, b) => (b.load < a.load ? b : a));
      const answer = thread.ask({ kind: 'search', block }, memoryOf(block));
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
      for (const thread of threads) keptThreads.release(thread);
    },
  };
}
