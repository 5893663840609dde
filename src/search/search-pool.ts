import { BlockSearcher, type BlockResult, type SearchSetup } from './block-search.js';
import { SearchThread } from './search-thread.js';

/** Searches blocks; several at a time where it has threads. */
export interface BlockSearch {
  /** Blocks that may be given before the first is done: one to work on and one to go on with, for each thread. */
  readonly capacity: number;
  /** @returns what was found, and the memory of the vectors, which is not the caller's meanwhile */
  search(vectors: Float32Array, rows: number): Promise<{ result: BlockResult; vectors: Float32Array }>;
  /** Call it when nothing is being searched. */
  close(): Promise<void>;
}

/** On the calling thread: for so few documents that starting threads would take longer. */
export async function searchHere(setup: SearchSetup): Promise<BlockSearch> {
  const searcher = await BlockSearcher.open(setup);
  return {
    capacity: 1,
    search: async (vectors, rows) => ({ result: await searcher.search(vectors, rows), vectors }),
    close: () => searcher.close(),
  };
}

const blocksPerThread = 2;

/** In worker threads, each with a session of its own on one thread: no thread waits for another within a product. */
export function searchInThreads(setup: SearchSetup, count: number): BlockSearch {
  const threads = Array.from({ length: count }, () => SearchThread.take());
  const opening = Promise.all(threads.map((thread) => thread.ask({ kind: 'open', setup })));
  opening.catch(() => undefined); // seen by whoever searches
  return {
    capacity: blocksPerThread * count,
    async search(vectors, rows) {
      const thread = threads.reduce((a, b) => (b.load < a.load ? b : a));
      const answer = thread.ask({ kind: 'search', vectors, rows }, [vectors.buffer as ArrayBuffer]);
      const [done] = await Promise.all([answer, opening]);
      if (done.kind !== 'done') throw new Error(`a thread of the search answered "${done.kind}"`);
      return done;
    },
    async close() {
      await Promise.allSettled(threads.map((thread) => thread.ask({ kind: 'close' })));
      for (const thread of threads) thread.release();
    },
  };
}
