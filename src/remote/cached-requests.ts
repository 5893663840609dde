import pLimit, { type LimitFunction } from 'p-limit';
import { throwIfInterrupted } from '../core/errors.js';
import type { WorkOptions } from '../core/model.js';
import type { ContentCache } from './content-cache.js';

/** Asks for one row a content; null for a content that has none, which is then not kept. */
export type RequestRows<T> = (
  contents: readonly T[],
  signal?: AbortSignal,
) => Promise<readonly (Float32Array | null)[]>;

/** A content to ask for, and how many texts or pairs of the caller it stands for. */
export interface Wanted<T> {
  readonly content: T;
  readonly times: number;
  /** About how long it is. */
  readonly length: number;
}

export interface Batching {
  /** Contents a request. */
  readonly size: number;
  /** Requests at a time. */
  readonly concurrency: number;
}

/** Brings rows into a cache, each content once, also where several callers want it at the same time. */
export class CachedRequests<T> {
  readonly #cache: ContentCache;
  readonly #batchSize: number;
  readonly #limit: LimitFunction;
  readonly #request: RequestRows<T>;
  /** Contents that are being asked for. */
  readonly #underWay = new Map<string, Promise<void>>();

  constructor(cache: ContentCache, { size, concurrency }: Batching, request: RequestRows<T>) {
    this.#cache = cache;
    this.#batchSize = size;
    this.#limit = pLimit(concurrency);
    this.#request = request;
  }

  /**
   * Asks for what is not in the cache. After the first failure no new request is sent; those under way are awaited, and
   * what they bring is kept.
   */
  async fill(wanted: ReadonlyMap<string, Wanted<T>>, { signal, onProgress }: WorkOptions = {}): Promise<void> {
    throwIfInterrupted(signal);
    const waiting: Promise<void>[] = [];
    const missing: [string, Wanted<T>][] = [];
    for (const [key, item] of wanted) {
      const other = this.#underWay.get(key);
      if (this.#cache.has(key)) onProgress?.(item.times);
      else if (other === undefined) missing.push([key, item]);
      else waiting.push(other.then(() => onProgress?.(item.times)));
    }
    // Servers pad the texts of a batch to the longest of them.
    missing.sort(([, a], [, b]) => b.length - a.length);
    const state: { failure?: Error } = {};
    for (let start = 0; start < missing.length; start += this.#batchSize) {
      const batch = missing.slice(start, start + this.#batchSize);
      const job = this.#limit(() => this.#ask(batch, state, { signal, onProgress }));
      for (const [key] of batch) this.#underWay.set(key, job);
      waiting.push(job);
    }
    const outcomes = await Promise.allSettled(waiting);
    const failure = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failure !== undefined) throw failure.reason;
  }

  async #ask(
    batch: readonly [string, Wanted<T>][],
    state: { failure?: Error },
    { signal, onProgress }: WorkOptions,
  ): Promise<void> {
    try {
      if (state.failure !== undefined) throw state.failure;
      const contents = batch.map(([, { content }]) => content);
      const rows = await this.#request(contents, signal);
      await this.#cache.put(batch.flatMap(([key], i) => (rows[i] == null ? [] : [[key, rows[i]] as const])));
      onProgress?.(batch.reduce((sum, [, { times }]) => sum + times, 0));
    } catch (error) {
      state.failure = error as Error;
      throw error;
    } finally {
      for (const [key] of batch) this.#underWay.delete(key);
    }
  }
}
