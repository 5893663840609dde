import type { Worker } from 'node:worker_threads';

/** Answer of a thread to a message on which it failed. */
export interface Failed {
  readonly kind: 'failed';
  readonly message: string;
}

interface PendingAnswer<From> {
  readonly resolve: (answer: From) => void;
  readonly reject: (error: Error) => void;
}

/** Worker threads that are reused for the next search: starting one takes about as long as searching 10,000 documents. */
export class ThreadPool<To, From> {
  readonly #start: () => Worker;
  readonly #idle: PooledThread<To, From>[] = [];

  constructor(start: () => Worker) {
    this.#start = start;
  }

  /** An idle thread, or a new one. */
  take(): PooledThread<To, From> {
    let thread = this.#idle.pop();
    while (thread?.isGone === true) thread = this.#idle.pop();
    thread ??= new PooledThread<To, From>(this.#start());
    thread.worker.ref();
    return thread;
  }

  /** Returns a thread to the pool; it must have answered all messages. */
  release(thread: PooledThread<To, From>): void {
    thread.worker.unref();
    if (!thread.isGone) this.#idle.push(thread);
  }
}

/** A worker thread that answers messages one after another (answer-messages.ts). */
export class PooledThread<To, From> {
  readonly worker: Worker;
  readonly #waiting: PendingAnswer<From>[] = [];
  #isGone = false;

  constructor(worker: Worker) {
    this.worker = worker;
    worker.on('message', (message: From | Failed) => {
      const { resolve, reject } = this.#waiting.shift()!;
      if (isFailed(message)) reject(new Error(`a thread of the search failed: ${message.message}`));
      else resolve(message);
    });
    worker.on('error', (error) => {
      this.#end(error);
    });
    worker.on('exit', () => {
      this.#end(new Error('a thread of the search ended'));
    });
  }

  get isGone(): boolean {
    return this.#isGone;
  }

  /** Number of messages without an answer. */
  get load(): number {
    return this.#waiting.length;
  }

  async ask(message: To, transferred: ArrayBuffer[] = []): Promise<From> {
    return new Promise((resolve, reject) => {
      if (this.#isGone) {
        reject(new Error('a thread of the search ended'));
        return;
      }
      this.#waiting.push({ resolve, reject });
      this.worker.postMessage(message, transferred);
    });
  }

  #end(error: Error): void {
    this.#isGone = true;
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }
}

function isFailed(message: unknown): message is Failed {
  return typeof message === 'object' && message !== null && 'kind' in message && message.kind === 'failed';
}
