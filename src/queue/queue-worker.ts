import { cpus, hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { ErrorCode, UnrecoverableError, WaitingError, Worker, type Job } from 'bullmq';
import type { Redis } from 'ioredis';
import { InputError, messageOf } from '../core/errors.js';
import type { Progress } from '../core/progress.js';
import { VectorStore } from '../stores/index.js';
import { readStoreId, type StoreBackend } from '../stores/index.js';
import { connectQueue, lasting, reasonOf, requireQueue, type QueueAddress } from './address.js';
import { readAnnouncement } from './coordinator.js';
import { sendNotice } from './worker-messages.js';
import {
  jobSchema,
  parseQueued,
  queueName,
  queuePrefix,
  versionDifference,
  type ShardJob,
  type Versions,
} from './protocol.js';
import { ShardMaker } from './shard-maker.js';

export interface WorkerOptions {
  readonly address: QueueAddress;
  /** Where the store is that the run fills. */
  readonly backend: StoreBackend;
  readonly datasetsDir: string;
  readonly threads: number;
  readonly versions: Versions;
  /** A worker that has not been heard of for so long counts as dead, and its shard goes to another. */
  readonly lockSeconds: number;
  /** Ends after so long without work; undefined for never. */
  readonly idleSeconds?: number | undefined;
  readonly progress: Progress;
  readonly signal?: AbortSignal | undefined;
}

/** Workers that may die over one shard before it counts as one that kills them. */
const mostDeaths = 10;
/** How often a worker without a run looks for one. */
const lookMs = 500;
/** A worker that ends does not wait longer for Redis to take its last words. */
const lastWordsMs = 5000;

/**
 * Works off a queue's shards until it is told to stop, or nothing has come for a while.
 * @returns the number of shards computed
 * @throws InputError where this worker does not fit the run, or cannot go on; the shard it had goes back to the queue
 */
export async function runWorker(options: WorkerOptions): Promise<number> {
  await options.backend.requireUsable();
  await requireQueue(options.address);
  return new QueueWorker(options).run();
}

class QueueWorker {
  readonly #options: WorkerOptions;
  readonly #redis: Redis;
  readonly #maker: ShardMaker;
  readonly #name = `${hostname()}:${process.pid}`;
  /** Raised to end; the reason is an InputError if that is a failure. */
  readonly #stop = new AbortController();
  #made = 0;
  /** Whether the shard under way was given to another worker. */
  #lost = false;
  #lastWork = performance.now();
  #connected = true;

  constructor(options: WorkerOptions) {
    this.#options = options;
    this.#redis = connectQueue(options.address, this.#stop.signal);
    this.#maker = new ShardMaker(options);
    options.signal?.addEventListener('abort', () => {
      this.#stop.abort(undefined);
    });
  }

  async run(): Promise<number> {
    try {
      await this.#waitForRun();
      if (!this.#stop.signal.aborted) await this.#workOff();
    } catch (error) {
      // Told to stop while Redis is down: then its connection is not wanted back.
      if (error instanceof InputError || !this.#stop.signal.aborted) throw error;
    } finally {
      this.#redis.disconnect();
      await this.#maker.close();
    }
    const reason: unknown = this.#stop.signal.reason;
    if (reason instanceof InputError) throw reason;
    return this.#made;
  }

  /** Until there is a run, and it is one that this worker fits. */
  async #waitForRun(): Promise<void> {
    const { progress, address, threads } = this.#options;
    let waiting = false;
    for (;;) {
      this.#stopWhenIdle();
      if (this.#stop.signal.aborted) return;
      const run = await readAnnouncement(this.#redis);
      if (run !== undefined) {
        await this.#requireFit(run);
        break;
      }
      if (!waiting) progress.note(`${address.shown}: waiting for a run (sgpt-bench run --queue)`);
      waiting = true;
      await sleep(lookMs, undefined, { signal: this.#stop.signal }).catch(() => undefined);
    }
    const processor = cpus()[0]?.model.trim() ?? 'unknown processor';
    await sendNotice(this.#redis, { kind: 'joined', worker: this.#name, processor, threads });
  }

  async #requireFit(run: { versions: Versions; store: string }): Promise<void> {
    const { versions, backend } = this.#options;
    const difference = versionDifference(versions, run.versions);
    const id = await readStoreId(backend);
    const refusal =
      difference === undefined
        ? id === run.store
          ? undefined
          : `--store ${backend.address}: is not the store that the run fills; give the same one on all machines`
        : `${difference}; install the same version on all machines`;
    if (refusal === undefined) return;
    await this.#sayRefused(refusal);
    throw new InputError(refusal);
  }

  async #workOff(): Promise<void> {
    const { address, lockSeconds } = this.#options;
    const worker: Worker<unknown, void> = new Worker<unknown, void>(
      queueName,
      (job, token) => this.#process(worker, job, token),
      {
        connection: lasting(address.options, this.#stop.signal),
        prefix: queuePrefix,
        name: this.#name,
        lockDuration: lockSeconds * 1000,
        stalledInterval: lockSeconds * 1000,
        maxStalledCount: mostDeaths,
        runRetryDelay: 1000,
      },
    );
    worker.on('error', (error) => {
      if (isLostLock(error)) this.#shardLost();
      else this.#connectionLost(error);
    });
    const idle = setInterval(() => {
      this.#stopWhenIdle();
    }, 200);
    await new Promise<void>((resolve) => {
      this.#stop.signal.addEventListener('abort', () => {
        resolve();
      });
    });
    clearInterval(idle);
    // Ends the job under way, which stops at the same signal. A Redis that is down would be waited for.
    await Promise.race([worker.close(), sleep(10_000, undefined, { ref: false })]);
  }

  async #process(worker: Worker<unknown, void>, job: Job<unknown>, token: string | undefined): Promise<void> {
    this.#lastWork = Infinity;
    this.#lost = false;
    try {
      await this.#make(job.data);
      this.#connected = true;
    } catch (error) {
      if (error instanceof ShardFault) throw new UnrecoverableError(error.message);
      if (error instanceof InputError) await this.#refuse(error);
      // Not this shard's fault: another worker may do better. This one must not take it again.
      if (!this.#stop.signal.aborted) throw error;
      await worker.pause(true);
      await job.moveToWait(token);
      throw new WaitingError();
    } finally {
      this.#lastWork = performance.now();
    }
  }

  /** Computes a shard into the store, unless it is there. */
  async #make(data: unknown): Promise<void> {
    const { progress } = this.#options;
    const { signal } = this.#stop;
    const job = parseQueued(jobSchema, data, 'a job');
    if (await this.#isLeftOver(job)) return;
    await this.#requireFit(job);
    const store = this.#storeOf(job);
    if (await store.hasAll(job.keys)) return;
    const shard = await this.#maker.open(job);
    const stage = progress.stage(job.task.name, shard.size, shard.unit);
    try {
      const onProgress = (done: number): void => {
        stage.advance(done);
      };
      const matrices = await shard.compute(signal, onProgress).catch((error: unknown) => {
        throw error instanceof InputError ? new ShardFault(messageOf(error)) : error;
      });
      await store.putAll(job.keys, matrices);
      this.#made++;
    } finally {
      stage.end();
    }
  }

  /** The store, as the job has its vectors kept there. */
  #storeOf({ system }: ShardJob): VectorStore {
    const { backend, progress } = this.#options;
    const onDamage = (message: string): void => {
      progress.note(message);
    };
    return new VectorStore(backend, { dtype: system.storeDtype, onDamage });
  }

  /** A job of an earlier run, of another version or for another store: nobody waits for it. */
  async #isLeftOver(job: { versions: Versions; store: string }): Promise<boolean> {
    const run = await readAnnouncement(this.#redis);
    if (run === undefined) return false;
    return versionDifference(job.versions, run.versions) !== undefined || job.store !== run.store;
  }

  /** Tells the coordinator why this worker ends. */
  async #refuse(error: InputError): Promise<void> {
    this.#stop.abort(error);
    await this.#sayRefused(error.message);
  }

  /** Goes on without having said so where Redis is down: whoever runs this worker is told in any case. */
  async #sayRefused(reason: string): Promise<void> {
    const said = sendNotice(this.#redis, { kind: 'refused', worker: this.#name, reason }).catch(() => undefined);
    await Promise.race([said, sleep(lastWordsMs, undefined, { ref: false })]);
  }

  #stopWhenIdle(): void {
    const { idleSeconds } = this.#options;
    if (idleSeconds !== undefined && performance.now() - this.#lastWork > idleSeconds * 1000)
      this.#stop.abort(undefined);
  }

  /** Silent for too long: what it computes meanwhile is what the other worker does, or is there already. */
  #shardLost(): void {
    if (this.#lost) return;
    this.#lost = true;
    const { progress, address, lockSeconds } = this.#options;
    progress.note(
      `${address.shown}: nothing was heard of this worker for more than ${lockSeconds} s (--lock), ` +
        'so its shard was given to another; going on',
    );
  }

  #connectionLost(error: Error): void {
    if (!this.#connected) return;
    this.#connected = false;
    const { progress, address } = this.#options;
    progress.note(`${address.shown}: ${reasonOf(error, address.options)}; trying again`);
  }
}

/** BullMQ's errors about a job that another worker has or has finished; the codes of those that Redis gave. */
function isLostLock(error: Error): boolean {
  const codes: unknown[] = [
    ErrorCode.JobNotExist,
    ErrorCode.JobLockNotExist,
    ErrorCode.JobNotInState,
    ErrorCode.JobLockMismatch,
  ];
  return ('code' in error && codes.includes(error.code)) || error.message.startsWith('could not renew lock');
}

/** The model cannot do this shard; no other worker could. */
class ShardFault extends Error {}
