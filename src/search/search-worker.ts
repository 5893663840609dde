/** A worker thread of exact search: one block after another. */
import { parentPort } from 'node:worker_threads';
import { messageOf } from '../core/errors.js';
import { BlockSearcher } from './block-search.js';
import type { FromSearchWorker, ToSearchWorker } from './search-messages.js';

let searcher: Promise<BlockSearcher> | undefined;
let last = Promise.resolve();

parentPort!.on('message', (message: ToSearchWorker) => {
  if (message.kind === 'open') searcher = BlockSearcher.open(message.setup);
  else last = last.then(() => search(message)).catch(sendFailure);
});

async function search({ vectors, rows }: Extract<ToSearchWorker, { kind: 'search' }>): Promise<void> {
  const result = await (await searcher!).search(vectors, rows);
  send({ kind: 'done', vectors, result }, [vectors.buffer as ArrayBuffer]);
}

function sendFailure(error: unknown): void {
  send({ kind: 'failed', message: messageOf(error) });
}

function send(message: FromSearchWorker, handedOver: ArrayBuffer[] = []): void {
  parentPort!.postMessage(message, handedOver);
}
