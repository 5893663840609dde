/** A worker thread of exact search: one search after another, each of them block after block. */
import { parentPort } from 'node:worker_threads';
import { messageOf } from '../core/errors.js';
import { BlockSearcher, memoryOf } from './block-search.js';
import type { FromSearchWorker, ToSearchWorker } from './search-messages.js';

let searcher: BlockSearcher | undefined;
let last = Promise.resolve();

parentPort!.on('message', (message: ToSearchWorker) => {
  last = last
    .then(() => answer(message))
    .catch((error: unknown) => {
      send({ kind: 'failed', message: messageOf(error) });
    });
});

async function answer(message: ToSearchWorker): Promise<void> {
  if (message.kind === 'search') {
    const memory = memoryOf(message.block);
    const result = await searcher!.search(message.block);
    send({ kind: 'done', memory, result }, memory);
    return;
  }
  if (message.kind === 'finish') {
    const found = searcher!.finish();
    send(
      { kind: 'finished', found },
      found.map(({ entries }) => entries.buffer as ArrayBuffer),
    );
    return;
  }
  if (message.kind === 'open') searcher = await BlockSearcher.open(message.setup, message.sharing);
  else {
    await searcher?.close();
    searcher = undefined;
  }
  send({ kind: 'ready' });
}

function send(message: FromSearchWorker, handedOver: ArrayBuffer[] = []): void {
  parentPort!.postMessage(message, handedOver);
}
