import type { Worker } from 'node:worker_threads';
import { startThread } from '../core/workers.js';
import type { FromSearchWorker, ToSearchWorker } from './search-messages.js';

interface Waiting {
  readonly resolve: (answer: FromSearchWorker) => void;
  readonly reject: (error: Error) => void;
}

/** Threads without work. Starting one takes about as long as searching 10,000 documents, so they wait for the next search. */
const idle: SearchThread[] = [];

/** A worker thread of the search. It answers one message after the other, and does not keep the process alive when idle. */
export class SearchThread {
  readonly #worker: Worker;
  readonly #waiting: Waiting[] = [];
  #gone = false;

  private constructor() {
    this.#worker = startThread(import.meta.url, 'search-worker');
    this.#worker.on('message', (message: FromSearchWorker) => {
      const { resolve, reject } = this.#waiting.shift()!;
      if (message.kind === 'failed') reject(new Error(`a thread of the search failed: ${message.message}`));
      else resolve(message);
    });
    this.#worker.on('error', (error) => {
      this.#end(error);
    });
    this.#worker.on('exit', () => {
      this.#end(new Error('a thread of the search ended'));
    });
  }

  /** One that has no work, or a new one. */
  static take(): SearchThread {
    const thread = idle.pop() ?? new SearchThread();
    thread.#worker.ref();
    return thread;
  }

  /** How many messages it has not answered yet. */
  get load(): number {
    return this.#waiting.length;
  }

  async ask(message: ToSearchWorker, handedOver: ArrayBuffer[] = []): Promise<FromSearchWorker> {
    return new Promise((resolve, reject) => {
      if (this.#gone) {
        reject(new Error('a thread of the search ended'));
        return;
      }
      this.#waiting.push({ resolve, reject });
      this.#worker.postMessage(message, handedOver);
    });
  }

  /** Gives the thread back; it must have answered everything. */
  release(): void {
    this.#worker.unref();
    if (!this.#gone) idle.push(this);
  }

  #end(error: Error): void {
    this.#gone = true;
    const at = idle.indexOf(this);
    if (at >= 0) idle.splice(at, 1);
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }
}
