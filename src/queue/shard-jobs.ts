import { InputError, messageOf } from '../core/errors.js';
import type { Progress } from '../core/progress.js';
import type { ReadyShard, ShardContent } from '../core/runner.js';
import { VectorStore, type StoreBackend } from '../stores/index.js';
import { asStored, largestDifference } from './compare-shards.js';
import type { ShardJob, ShardResult } from './protocol.js';
import { ShardFault } from './refusals.js';
import { ShardMaker, type ShardMakerOptions } from './shard-maker.js';

/** A worker as results and messages name it. */
export interface WorkerIdentity {
  /** HOST:PROCESS */
  readonly worker: string;
  readonly processor: string;
}

/** Does the jobs of a queue: computes a shard and stores it, or computes it again and compares. */
export class ShardJobs {
  readonly #maker: ShardMaker;
  readonly #backend: StoreBackend;
  readonly #progress: Progress;
  readonly #identity: WorkerIdentity;

  constructor(options: ShardMakerOptions, identity: WorkerIdentity) {
    this.#maker = new ShardMaker(options);
    this.#backend = options.backend;
    this.#progress = options.progress;
    this.#identity = identity;
  }

  /**
   * @throws JobRefusal if this worker cannot do the job
   * @throws ShardFault if no worker can
   * @throws InputError for a fault of the store
   */
  async do(job: ShardJob, signal: AbortSignal): Promise<ShardResult> {
    const store = this.#storeOf(job);
    const { keys, compareWith, task } = job;
    if (compareWith === null && (await store.hasAll(keys)))
      return { ...this.#identity, computed: false, difference: null };
    const shard = await this.#maker.open(job);
    const content = await this.#compute(shard, task.name, signal);
    if (compareWith === null) {
      await store.putAll(keys, content);
      return { ...this.#identity, computed: true, difference: null };
    }
    const [found, expected] = await Promise.all([
      asStored(keys, content, store.dtype),
      Promise.all(keys.map((key) => store.get(key))),
    ]);
    return { ...this.#identity, computed: true, difference: largestDifference(found, expected) };
  }

  close(): Promise<void> {
    return this.#maker.close();
  }

  async #compute(shard: ReadyShard, taskName: string, signal: AbortSignal): Promise<ShardContent> {
    const stage = this.#progress.stage(taskName, shard.size, shard.unit);
    try {
      return await shard.compute(signal, (done) => {
        stage.advance(done);
      });
    } catch (error) {
      throw error instanceof InputError ? new ShardFault(messageOf(error)) : error;
    } finally {
      stage.end();
    }
  }

  /** The store, with the job's number format. */
  #storeOf({ system }: ShardJob): VectorStore {
    const onDamage = (message: string): void => {
      this.#progress.note(message);
    };
    return new VectorStore(this.#backend, { dtype: system.storeDtype, onDamage });
  }
}
