import type { Worker } from 'node:worker_threads';
import { startThread } from '../core/workers.js';
import { BlockSearcher, type BlockResult, type SearchSetup } from './block-search.js';
import type { FromSearchWorker, ToSearchWorker } from './search-messages.js';

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

interface Member {
  readonly worker: Worker;
  /** Blocks it has been given, first come first served. */
  readonly waiting: {
    readonly resolve: (done: { result: BlockResult; vectors: Float32Array }) => void;
    readonly reject: (error: Error) => void;
  }[];
}

const blocksPerWorker = 2;

/** In worker threads, each with a session of its own on one thread: no worker waits for another within a product. */
export function searchInThreads(setup: SearchSetup, threads: number): BlockSearch {
  const members = Array.from({ length: threads }, () => newMember(setup));
  return {
    capacity: blocksPerWorker * threads,
    search: (vectors, rows) =>
      new Promise((resolve, reject) => {
        const member = members.reduce((a, b) => (b.waiting.length < a.waiting.length ? b : a));
        member.waiting.push({ resolve, reject });
        const message: ToSearchWorker = { kind: 'search', vectors, rows };
        member.worker.postMessage(message, [vectors.buffer as ArrayBuffer]);
      }),
    async close(): Promise<void> {
      await Promise.all(members.map(({ worker }) => worker.terminate()));
    },
  };
}

function newMember(setup: SearchSetup): Member {
  const member: Member = { worker: startThread(import.meta.url, 'search-worker'), waiting: [] };
  member.worker.on('message', (message: FromSearchWorker) => {
    const job = member.waiting.shift();
    if (message.kind === 'done') job?.resolve(message);
    else job?.reject(new Error(`a thread of the search failed: ${message.message}`));
  });
  const failAll = (error: Error): void => {
    for (const { reject } of member.waiting.splice(0)) reject(error);
  };
  member.worker.on('error', failAll);
  member.worker.on('exit', () => {
    failAll(new Error('a thread of the search ended'));
  });
  const message: ToSearchWorker = { kind: 'open', setup };
  member.worker.postMessage(message);
  return member;
}
