import type { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { InputError, messageOf } from '../core/errors.js';
import type { Progress } from '../core/progress.js';
import { reasonOf, type QueueAddress } from './address.js';
import { workerMessageSchema, workerMessagesKey, parseQueuedText, type WorkerMessage } from './protocol.js';

/** Maximum number of unread messages in Redis. */
const maxMessages = 100;
/** Default of `refusedMinutes`. */
export const defaultRefusedMinutes = 5;
const ttlSeconds = 3600;

/** Sends a message to the coordinator. */
export async function sendWorkerMessage(redis: Redis, message: WorkerMessage): Promise<void> {
  await redis
    .multi()
    .rpush(workerMessagesKey, JSON.stringify(message))
    .ltrim(workerMessagesKey, -maxMessages, -1)
    .expire(workerMessagesKey, ttlSeconds)
    .exec();
}

export interface WorkerMonitorOptions {
  readonly progress: Progress;
  readonly address: QueueAddress;
  /** A run to which only refused workers came ends after this many minutes. */
  readonly refusedMinutes?: number | undefined;
}

/** Reports events of a queue to the user: workers that join or are refused, the lack of workers, a lost connection. */
export class WorkerMonitor {
  readonly #redis: Redis;
  readonly #queue: Queue;
  readonly #progress: Progress;
  readonly #address: QueueAddress;
  readonly #processors = new Set<string>();
  #connected = true;
  readonly #refusedMinutes: number;
  /** Consecutive polls that found no worker. */
  #pollsWithoutWorker = 0;
  /** Reported refusals, so that a worker that restarts again and again is reported once. */
  readonly #reported = new Set<string>();
  /** The last refused worker, and since when no worker has finished a shard. */
  #lastRefusal: { readonly since: number; readonly worker: string; readonly reason: string } | undefined;

  constructor(redis: Redis, queue: Queue, options: WorkerMonitorOptions) {
    this.#redis = redis;
    this.#queue = queue;
    this.#progress = options.progress;
    this.#address = options.address;
    this.#refusedMinutes = options.refusedMinutes ?? defaultRefusedMinutes;
  }

  /** A shard was computed: a worker fits the run. */
  shardDone(): void {
    this.#lastRefusal = undefined;
  }

  /**
   * Polls the workers' messages.
   * @param waiting true if the run is waiting for workers
   * @returns an error if the run should give up
   */
  async poll(waiting: boolean): Promise<InputError | undefined> {
    if (!this.#connected) this.#progress.note(`${this.#address.shown}: the queue answers again`);
    this.#connected = true;
    await this.readMessages();
    this.#pollsWithoutWorker = (await this.#queue.getWorkersCount()) === 0 ? this.#pollsWithoutWorker + 1 : 0;
    // The first poll is at the very start.
    if (this.#pollsWithoutWorker === 2) this.#reportNoWorker();
    if (this.#lastRefusal !== undefined && !waiting)
      this.#lastRefusal = { ...this.#lastRefusal, since: performance.now() };
    return this.#pollsWithoutWorker >= 2 ? this.#failure() : undefined;
  }

  /** Shows the messages that workers have sent; also called at the end of a run, which may come before the next poll. */
  async readMessages(): Promise<void> {
    for (let i = 0; i < maxMessages; i++) {
      const text = await this.#redis.lpop(workerMessagesKey);
      if (text === null) break;
      this.#report(text);
    }
  }

  #reportNoWorker(): void {
    const { shown } = this.#address;
    const what =
      this.#lastRefusal === undefined
        ? 'no worker is connected'
        : `every worker was refused; the run ends in ${this.#refusedMinutes} minutes unless one is accepted`;
    this.#progress.note(`${shown}: ${what}; start some with: sgpt-bench worker --queue ${shown} --store DIR`);
  }

  #failure(): InputError | undefined {
    if (this.#lastRefusal === undefined) return undefined;
    const { since, worker, reason } = this.#lastRefusal;
    if (performance.now() - since < this.#refusedMinutes * 60_000) return undefined;
    return new InputError(
      `${this.#address.shown}: for ${this.#refusedMinutes} minutes every worker was refused, ` +
        `most recently ${worker}: ${reason}; finished work is kept, run the same command to go on`,
    );
  }

  connectionLost(error: unknown): void {
    if (!this.#connected) return;
    this.#connected = false;
    const reason = reasonOf(error, this.#address.options);
    this.#progress.note(`${this.#address.shown}: the queue does not answer (${reason}); trying again`);
  }

  #report(text: string): void {
    let message: WorkerMessage;
    try {
      message = parseQueuedText(workerMessageSchema, text, 'a message');
    } catch (error) {
      this.#progress.note(messageOf(error)); // sent by another version, for example
      return;
    }
    if (message.kind === 'refused') {
      this.#reportRefusal(message);
      return;
    }
    this.#progress.note(`worker ${message.worker}: ${message.processor}, ${message.threads} threads`);
    this.#processors.add(message.processor);
    if (this.#processors.size === 2)
      this.#progress.note(
        'workers have different processors: the last bits of a vector may depend on which one computed it',
      );
  }

  #reportRefusal({ worker, reason }: { readonly worker: string; readonly reason: string }): void {
    if (this.#lastRefusal === undefined) this.#pollsWithoutWorker = 0; // a different message applies from now on
    this.#lastRefusal = { since: this.#lastRefusal?.since ?? performance.now(), worker, reason };
    const sentence = `${worker.replace(/:\d+$/, '')} ${reason}`;
    if (!this.#reported.has(sentence)) this.#progress.note(`worker ${worker} was refused: ${reason}`);
    this.#reported.add(sentence);
  }
}
