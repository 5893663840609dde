import pLimit, { type LimitFunction } from 'p-limit';
import { InputError, throwIfInterrupted } from '../core/errors.js';
import type { WorkOptions } from '../core/model.js';
import type { ContentCache } from './content-cache.js';
import { RefusedError } from './json-client.js';

/** Requests one row per input; null for an input without a row, which is not cached. */
export type RequestRows<T> = (inputs: readonly T[], signal?: AbortSignal) => Promise<readonly (Float32Array | null)[]>;

/** An input of the server: a text, token ids, or a pair. */
export interface WantedInput<T> {
  readonly input: T;
  /** Number of the caller's texts or pairs with this input, for progress. */
  readonly count: number;
  /** In characters or tokens. */
  readonly length: number;
}

export interface Batching {
  /** Maximum number of inputs per request. */
  readonly batchSize: number;
  /** Maximum number of concurrent requests. */
  readonly concurrency: number;
  /** Called when the server accepts only smaller requests. */
  readonly onNote: (message: string) => void;
}

type Batch<T> = readonly (readonly [key: string, wanted: WantedInput<T>])[];

/** State of one call of `fill`. */
interface FillState extends WorkOptions {
  failure?: Error;
}

/** Fills a cache by batched requests. Requests each input once, also if several callers want it at the same time. */
export class CachedRequests<T> {
  readonly #cache: ContentCache;
  readonly #batchSize: number;
  readonly #limit: LimitFunction;
  readonly #request: RequestRows<T>;
  readonly #onNote: (message: string) => void;
  /** Starts as `#batchSize`; halved when the server refuses a batch. */
  #maxBatchSize: number;
  /** Key → request that includes it. */
  readonly #pending = new Map<string, Promise<void>>();

  constructor(cache: ContentCache, { batchSize, concurrency, onNote }: Batching, request: RequestRows<T>) {
    this.#cache = cache;
    this.#batchSize = batchSize;
    this.#limit = pLimit(concurrency);
    this.#request = request;
    this.#onNote = onNote;
    this.#maxBatchSize = batchSize;
  }

  /**
   * Requests the inputs that are not in the cache. Splits refused batches in halves. After the first failure, sends no new
   * request, but waits for those in flight and caches their rows.
   * @throws the first failure
   */
  async fill(wanted: ReadonlyMap<string, WantedInput<T>>, { signal, onProgress }: WorkOptions = {}): Promise<void> {
    throwIfInterrupted(signal);
    const waiting: Promise<void>[] = [];
    const missing: [string, WantedInput<T>][] = [];
    for (const [key, item] of wanted) {
      const pending = this.#pending.get(key);
      if (this.#cache.has(key)) onProgress?.(item.count);
      else if (pending === undefined) missing.push([key, item]);
      else waiting.push(pending.then(() => onProgress?.(item.count)));
    }
    // Servers pad a batch to its longest text, so texts of similar length go together.
    missing.sort(([, a], [, b]) => b.length - a.length);
    const state: FillState = { signal, onProgress };
    for (let start = 0; start < missing.length; start += this.#batchSize) {
      const batch = missing.slice(start, start + this.#batchSize);
      const work = this.#limit(() => this.#fillBatch(batch, state));
      for (const [key] of batch) this.#pending.set(key, work);
      waiting.push(work);
    }
    const outcomes = await Promise.allSettled(waiting);
    const failure = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failure !== undefined) throw failure.reason;
  }

  async #fillBatch(batch: Batch<T>, state: FillState): Promise<void> {
    try {
      await this.#requestOrSplit(batch, state);
    } catch (error) {
      state.failure ??= error as Error;
      throw error;
    } finally {
      for (const [key] of batch) this.#pending.delete(key);
    }
  }

  async #requestOrSplit(batch: Batch<T>, state: FillState): Promise<void> {
    if (state.failure !== undefined) throw state.failure;
    if (batch.length <= this.#maxBatchSize && (await this.#tryRequest(batch, state))) return;
    const middle = Math.ceil(batch.length / 2);
    await this.#requestOrSplit(batch.slice(0, middle), state);
    await this.#requestOrSplit(batch.slice(middle), state);
  }

  /** @returns false if the server refuses the batch, and a smaller one may work */
  async #tryRequest(batch: Batch<T>, { signal, onProgress }: FillState): Promise<boolean> {
    const inputs = batch.map(([, { input }]) => input);
    try {
      const rows = await this.#request(inputs, signal);
      await this.#cache.put(batch.flatMap(([key], i) => (rows[i] == null ? [] : [[key, rows[i]] as const])));
      onProgress?.(batch.reduce((sum, [, { count }]) => sum + count, 0));
      return true;
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error;
      if (batch.length === 1) throw new InputError(`${error.message}${longInputHint(batch[0]![1].length)}`);
      this.#lowerMaxBatchSize(Math.ceil(batch.length / 2));
      return false;
    }
  }

  #lowerMaxBatchSize(size: number): void {
    if (size >= this.#maxBatchSize) return;
    this.#onNote(
      `the server refuses ${this.#maxBatchSize} texts or pairs per request; sending at most ${size} from now on`,
    );
    this.#maxBatchSize = size;
  }
}

/** Shorter inputs are refused for another reason than their length. */
const longInput = 1000;

function longInputHint(length: number): string {
  if (length < longInput) return '';
  return (
    `; the request has a single input of ${length} characters or token ids: if that exceeds the model's limit, let the ` +
    'server truncate it, or truncate it here with --tokenizer DIR and --max-tokens N'
  );
}
