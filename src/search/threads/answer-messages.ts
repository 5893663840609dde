import { parentPort } from 'node:worker_threads';
import { messageOf } from '../../core/errors.js';
import type { Failed } from './kept-threads.js';

/** An answer, and the memory that is handed over with it. */
export type Answer<From> = readonly [answer: From, handedOver?: ArrayBuffer[]];

/** In a worker thread: answers messages one after the other. */
export function answerMessages(answer: (message: never) => Promise<Answer<unknown>> | Answer<unknown>): void {
  let last = Promise.resolve();
  parentPort!.on('message', (message: unknown) => {
    last = last.then(async () => {
      try {
        const [found, handedOver] = await answer(message as never);
        parentPort!.postMessage(found, handedOver ?? []);
      } catch (error) {
        const failed: Failed = { kind: 'failed', message: messageOf(error) };
        parentPort!.postMessage(failed);
      }
    });
  });
}
