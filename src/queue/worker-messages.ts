import type { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { InputError, messageOf } from '../core/errors.js';
import type { Progress } from '../core/progress.js';
import { reasonOf, type QueueAddress } from './address.js';
import { noticeSchema, noticesKey, parseQueuedText, type Notice } from './protocol.js';

/** Notices kept while nobody reads them. */
const most = 100;
/** A run that only workers came to that had to be refused gives up after so long. */
const refusedMinutes = 5;
const keptSeconds = 3600;

/** Tells the coordinator something. */
export async function sendNotice(redis: Redis, notice: Notice): Promise<void> {
  await redis
    .multi()
    .rpush(noticesKey, JSON.stringify(notice))
    .ltrim(noticesKey, -most, -1)
    .expire(noticesKey, keptSeconds)
    .exec();
}

export interface NoticesOptions {
  readonly progress: Progress;
  readonly address: QueueAddress;
  /** After how long a run that only refused workers came to gives up. */
  readonly refusedMinutes?: number | undefined;
}

/** Passes on to the user what happens on a queue: workers that come or are refused, none at all, a lost connection. */
export class Notices {
  readonly #redis: Redis;
  readonly #queue: Queue;
  readonly #progress: Progress;
  readonly #address: QueueAddress;
  readonly #processors = new Set<string>();
  #connected = true;
  readonly #refusedMinutes: number;
  /** Looks in a row that found no worker. */
  #alone = 0;
  /** What was said, so that a worker that is started again and again says it once. */
  readonly #refusals = new Set<string>();
  /** The last worker that was refused, and since when no other has done anything. */
  #refused: { readonly since: number; readonly who: string; readonly reason: string } | undefined;

  constructor(redis: Redis, queue: Queue, options: NoticesOptions) {
    this.#redis = redis;
    this.#queue = queue;
    this.#progress = options.progress;
    this.#address = options.address;
    this.#refusedMinutes = options.refusedMinutes ?? refusedMinutes;
  }

  /** A shard was made: there is a worker that fits. */
  worked(): void {
    this.#refused = undefined;
  }

  /**
   * Looks for news.
   * @param waiting whether the run waits for workers now
   * @returns why the run would wait in vain, if so
   */
  async read(waiting: boolean): Promise<InputError | undefined> {
    if (!this.#connected) this.#progress.note(`${this.#address.shown}: the queue answers again`);
    this.#connected = true;
    for (let i = 0; i < most; i++) {
      const text = await this.#redis.lpop(noticesKey);
      if (text === null) break;
      this.#tell(text);
    }
    this.#alone = (await this.#queue.getWorkersCount()) === 0 ? this.#alone + 1 : 0;
    // The first look is at the very start.
    if (this.#alone === 2) this.#sayAlone();
    if (this.#refused !== undefined && !waiting) this.#refused = { ...this.#refused, since: performance.now() };
    return this.#alone >= 2 ? this.#hopeless() : undefined;
  }

  #sayAlone(): void {
    const { shown } = this.#address;
    const what =
      this.#refused === undefined
        ? 'no worker is there'
        : `no worker is left that was not refused; the run ends in ${this.#refusedMinutes} minutes unless another one comes`;
    this.#progress.note(`${shown}: ${what}; start some with: sgpt-bench worker --queue ${shown} --store DIR`);
  }

  #hopeless(): InputError | undefined {
    if (this.#refused === undefined) return undefined;
    const { since, who, reason } = this.#refused;
    if (performance.now() - since < this.#refusedMinutes * 60_000) return undefined;
    return new InputError(
      `${this.#address.shown}: for ${this.#refusedMinutes} minutes there was no worker but ones that were refused, ` +
        `the last of them ${who}: ${reason}; finished work is kept, run the same command to go on`,
    );
  }

  connectionLost(error: unknown): void {
    if (!this.#connected) return;
    this.#connected = false;
    const reason = reasonOf(error, this.#address.options);
    this.#progress.note(`${this.#address.shown}: the queue does not answer (${reason}); trying again`);
  }

  #tell(text: string): void {
    let notice: Notice;
    try {
      notice = parseQueuedText(noticeSchema, text, 'a notice');
    } catch (error) {
      this.#progress.note(messageOf(error)); // as of a worker of another version
      return;
    }
    if (notice.kind === 'refused') {
      this.#tellRefused(notice);
      return;
    }
    this.#progress.note(`worker ${notice.worker}: ${notice.processor}, ${notice.threads} threads`);
    this.#processors.add(notice.processor);
    if (this.#processors.size === 2)
      this.#progress.note(
        'workers have different processors: the last bits of a vector may depend on which one computed it',
      );
  }

  #tellRefused({ worker, reason }: { readonly worker: string; readonly reason: string }): void {
    if (this.#refused === undefined) this.#alone = 0; // what there is to say then is another thing
    this.#refused = { since: this.#refused?.since ?? performance.now(), who: worker, reason };
    const said = `${worker.replace(/:\d+$/, '')} ${reason}`;
    if (!this.#refusals.has(said)) this.#progress.note(`worker ${worker} was refused: ${reason}`);
    this.#refusals.add(said);
  }
}
