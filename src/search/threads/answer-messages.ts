import { parentPort } from 'node:worker_threads';
import { messageOf } from '../../core/errors.js';
import type { Failed } from './thread-pool.js';

/** An answer, and the buffers to transfer with it. */
export type Answer<From> = readonly [answer: From, transferred?: ArrayBuffer[]];

/** In a worker thread: answers messages in the order of their arrival. */
export function answerMessages(answer: (message: never) => Promise<Answer<unknown>> | Answer<unknown>): void {
  let last = Promise.resolve();
  parentPort!.on('message', (message: unknown) => {
    last = last.then(async () => {
      try {
        const [found, transferred] = await answer(message as never);
        parentPort!.postMessage(found, transferred ?? []);
      } catch (error) {
        const failed: Failed = { kind: 'failed', message: messageOf(error) };
        parentPort!.postMessage(failed);
      }
    });
  });
}
