import type { Worker } from 'node:worker_threads';

/** What a thread answers where it failed. */
export interface Failed {
  readonly kind: 'failed';
  readonly message: string;
}

interface Waiting<From> {
  readonly resolve: (answer: From) => void;
  readonly reject: (error: Error) => void;
}

/** Worker threads that are kept for the next search: starting one takes about as long as searching 10,000 documents. */
export class KeptThreads<To, From> {
  readonly #start: () => Worker;
  readonly #idle: KeptThread<To, From>[] = [];

  constructor(start: () => Worker) {
    this.#start = start;
  }

  /** One that has no work, or a new one. */
  take(): KeptThread<To, From> {
    let thread = this.#idle.pop();
    while (thread?.isGone === true) thread = this.#idle.pop();
    thread ??= new KeptThread<To, From>(this.#start());
    thread.worker.ref();
    return thread;
  }

  /** Gives a thread back; it must have answered everything. */
  release(thread: KeptThread<To, From>): void {
    thread.worker.unref();
    if (!thread.isGone) this.#idle.push(thread);
  }
}

/** A worker thread of a search. It answers one message after the other (answer-messages.ts). */
export class KeptThread<To, From> {
  readonly worker: Worker;
  readonly #waiting: Waiting<From>[] = [];
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

  /** How many messages it has not answered yet. */
  get load(): number {
    return this.#waiting.length;
  }

  async ask(message: To, handedOver: ArrayBuffer[] = []): Promise<From> {
    return new Promise((resolve, reject) => {
      if (this.#isGone) {
        reject(new Error('a thread of the search ended'));
        return;
      }
      this.#waiting.push({ resolve, reject });
      this.worker.postMessage(message, handedOver);
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
