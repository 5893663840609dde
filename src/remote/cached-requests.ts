import pLimit, { type LimitFunction } from 'p-limit';
import { InputError, throwIfInterrupted } from '../core/errors.js';
import type { WorkOptions } from '../core/model.js';
import type { ContentCache } from './content-cache.js';
import { RefusedError } from './json-client.js';

/** Asks for one row per content; null for a content that has none, which is then not kept. */
export type RequestRows<T> = (
  contents: readonly T[],
  signal?: AbortSignal,
) => Promise<readonly (Float32Array | null)[]>;

/** A content to ask for, and how many texts or pairs of the caller it stands for. */
export interface WantedContent<T> {
  readonly content: T;
  readonly times: number;
  /** About how long it is. */
  readonly length: number;
}

export interface Batching {
  /** Contents per request. */
  readonly size: number;
  /** Requests under way at the same time. */
  readonly concurrency: number;
  /** Called when the server takes only smaller requests. */
  readonly onNote: (message: string) => void;
}

type RequestBatch<T> = readonly (readonly [key: string, item: WantedContent<T>])[];

/** What the jobs of one call share. */
interface Shared extends WorkOptions {
  failure?: Error;
}

/** Brings rows into a cache, each content once, also where several callers want it at the same time. */
export class CachedRequests<T> {
  readonly #cache: ContentCache;
  readonly #batchSize: number;
  readonly #limit: LimitFunction;
  readonly #request: RequestRows<T>;
  readonly #onNote: (message: string) => void;
  /** Contents per request, at most: fewer than the server was seen to refuse. */
  #most: number;
  /** Contents that are being asked for. */
  readonly #underWay = new Map<string, Promise<void>>();

  constructor(cache: ContentCache, { size, concurrency, onNote }: Batching, request: RequestRows<T>) {
    this.#cache = cache;
    this.#batchSize = size;
    this.#limit = pLimit(concurrency);
    this.#request = request;
    this.#onNote = onNote;
    this.#most = size;
  }

  /**
   * Asks for what is not in the cache. What a server refuses for its size is asked for in halves. After the first failure
   * no new request is sent; those under way are awaited, and what they bring is kept.
   */
  async fill(wanted: ReadonlyMap<string, WantedContent<T>>, { signal, onProgress }: WorkOptions = {}): Promise<void> {
    throwIfInterrupted(signal);
    const waiting: Promise<void>[] = [];
    const missing: [string, WantedContent<T>][] = [];
    for (const [key, item] of wanted) {
      const other = this.#underWay.get(key);
      if (this.#cache.has(key)) onProgress?.(item.times);
      else if (other === undefined) missing.push([key, item]);
      else waiting.push(other.then(() => onProgress?.(item.times)));
    }
    // Servers pad the texts of a batch to the longest of them.
    missing.sort(([, a], [, b]) => b.length - a.length);
    const shared: Shared = { signal, onProgress };
    for (let start = 0; start < missing.length; start += this.#batchSize) {
      const batch = missing.slice(start, start + this.#batchSize);
      const job = this.#limit(() => this.#ask(batch, shared));
      for (const [key] of batch) this.#underWay.set(key, job);
      waiting.push(job);
    }
    const outcomes = await Promise.allSettled(waiting);
    const failure = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failure !== undefined) throw failure.reason;
  }

  async #ask(batch: RequestBatch<T>, shared: Shared): Promise<void> {
    try {
      await this.#bring(batch, shared);
    } catch (error) {
      shared.failure ??= error as Error;
      throw error;
    } finally {
      for (const [key] of batch) this.#underWay.delete(key);
    }
  }

  async #bring(batch: RequestBatch<T>, shared: Shared): Promise<void> {
    if (shared.failure !== undefined) throw shared.failure;
    if (batch.length <= this.#most && (await this.#bringAtOnce(batch, shared))) return;
    const middle = Math.ceil(batch.length / 2);
    await this.#bring(batch.slice(0, middle), shared);
    await this.#bring(batch.slice(middle), shared);
  }

  /** @returns whether the server took so many at once */
  async #bringAtOnce(batch: RequestBatch<T>, { signal, onProgress }: Shared): Promise<boolean> {
    const contents = batch.map(([, { content }]) => content);
    try {
      const rows = await this.#request(contents, signal);
      await this.#cache.put(batch.flatMap(([key], i) => (rows[i] == null ? [] : [[key, rows[i]] as const])));
      onProgress?.(batch.reduce((sum, [, { times }]) => sum + times, 0));
      return true;
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error;
      if (batch.length === 1) throw new InputError(`${error.message}${aloneNote(batch[0]![1].length)}`);
      this.#reduce(Math.ceil(batch.length / 2));
      return false;
    }
  }

  #reduce(most: number): void {
    if (most >= this.#most) return;
    this.#onNote(
      `the server refuses ${this.#most} texts or pairs per request; asking for at most ${most} from here on`,
    );
    this.#most = most;
  }
}

/** Requests without much in them are refused for another reason than their length. */
const longContent = 1000;

function aloneNote(length: number): string {
  if (length < longContent) return '';
  return (
    `; it was asked for one alone, ${length} characters or token ids long: where that is more than the model takes, have the ` +
    'server cut it, or cut it here by --tokenizer DIR and --max-tokens N'
  );
}
