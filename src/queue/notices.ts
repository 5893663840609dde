import type { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import type { Progress } from '../core/runner.js';
import { reasonOf, type QueueAddress } from './address.js';
import { noticeSchema, noticesKey, parseQueuedText, type Notice } from './protocol.js';

/** Notices kept while nobody reads them. */
const most = 100;
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

/** Passes on to the user what happens on a queue: workers that come or are refused, none at all, a lost connection. */
export class Notices {
  readonly #redis: Redis;
  readonly #queue: Queue;
  readonly #progress: Progress;
  readonly #address: QueueAddress;
  readonly #processors = new Set<string>();
  #connected = true;
  /** Looks in a row that found no worker. */
  #alone = 0;

  constructor(redis: Redis, queue: Queue, { progress, address }: { progress: Progress; address: QueueAddress }) {
    this.#redis = redis;
    this.#queue = queue;
    this.#progress = progress;
    this.#address = address;
  }

  /** Looks for news. */
  async read(): Promise<void> {
    if (!this.#connected) this.#progress.note(`${this.#address.shown}: the queue answers again`);
    this.#connected = true;
    for (let i = 0; i < most; i++) {
      const text = await this.#redis.lpop(noticesKey);
      if (text === null) break;
      this.#tell(parseQueuedText(noticeSchema, text, 'a notice'));
    }
    this.#alone = (await this.#queue.getWorkersCount()) === 0 ? this.#alone + 1 : 0;
    // The first look is at the very start.
    if (this.#alone === 2)
      this.#progress.note(
        `${this.#address.shown}: no worker is there; start some with: ` +
          `sgpt-bench worker --queue ${this.#address.shown} --store DIR`,
      );
  }

  connectionLost(error: unknown): void {
    if (!this.#connected) return;
    this.#connected = false;
    const reason = reasonOf(error, this.#address.options);
    this.#progress.note(`${this.#address.shown}: the queue does not answer (${reason}); trying again`);
  }

  #tell(notice: Notice): void {
    if (notice.kind === 'refused') {
      this.#progress.note(`worker ${notice.worker} was refused: ${notice.reason}`);
      return;
    }
    this.#progress.note(`worker ${notice.worker}: ${notice.processor}, ${notice.threads} threads`);
    this.#processors.add(notice.processor);
    if (this.#processors.size === 2)
      this.#progress.note(
        'workers have different processors: the last bits of a vector may depend on which one computed it',
      );
  }
}
