import { cpus, hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { ErrorCode, UnrecoverableError, WaitingError, Worker, type Job } from 'bullmq';
import type { Redis } from 'ioredis';
import { InputError, messageOf } from '../core/errors.js';
import type { Progress } from '../core/progress.js';
import { VectorStore } from '../stores/index.js';
import { readStoreId, type StoreBackend } from '../stores/index.js';
import { connectQueue, reconnecting, reasonOf, requireQueue, type QueueAddress } from './address.js';
import { readAnnouncement } from './coordinator.js';
import { sendWorkerMessage } from './worker-messages.js';
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
  /** The store that the run fills. */
  readonly backend: StoreBackend;
  readonly datasetsDir: string;
  readonly threads: number;
  readonly versions: Versions;
  /** A worker silent for longer than this counts as dead, and its shard goes to another worker. */
  readonly lockSeconds: number;
  /** Ends after this long without work; undefined: never. */
  readonly idleSeconds?: number | undefined;
  readonly progress: Progress;
  readonly signal?: AbortSignal | undefined;
}

/** After this many workers died over a shard, the shard is the suspect. */
const maxStalls = 10;
/** Poll interval of a worker that waits for a run. */
const pollMs = 500;
/** Timeout of the last message to Redis before a worker ends. */
const lastMessageTimeoutMs = 5000;

/**
 * Computes shards of a queue until aborted, or idle for too long.
 * @returns the number of shards computed
 * @throws InputError if this worker does not fit the run, or cannot continue; its current shard goes back to the queue
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
  /** Aborted to end the worker; the reason is an InputError if the worker failed. */
  readonly #stop = new AbortController();
  #shardsDone = 0;
  /** The current shard's lock expired, and another worker got the shard. */
  #lockExpired = false;
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
      // Stopped while Redis was down: the connection's failure is expected.
      if (error instanceof InputError || !this.#stop.signal.aborted) throw error;
    } finally {
      this.#redis.disconnect();
      await this.#maker.close();
    }
    const reason: unknown = this.#stop.signal.reason;
    if (reason instanceof InputError) throw reason;
    return this.#shardsDone;
  }

  /** Returns when there is a run that this worker fits. */
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
      await sleep(pollMs, undefined, { signal: this.#stop.signal }).catch(() => undefined);
    }
    const processor = cpus()[0]?.model.trim() ?? 'unknown processor';
    await sendWorkerMessage(this.#redis, { kind: 'joined', worker: this.#name, processor, threads });
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
    await this.#sendRefusal(refusal);
    throw new InputError(refusal);
  }

  async #workOff(): Promise<void> {
    const { address, lockSeconds } = this.#options;
    const worker: Worker<unknown, void> = new Worker<unknown, void>(
      queueName,
      (job, token) => this.#process(worker, job, token),
      {
        connection: reconnecting(address.options, this.#stop.signal),
        prefix: queuePrefix,
        name: this.#name,
        lockDuration: lockSeconds * 1000,
        stalledInterval: lockSeconds * 1000,
        maxStalledCount: maxStalls,
        runRetryDelay: 1000,
      },
    );
    worker.on('error', (error) => {
      if (isLostLock(error)) this.#reportExpiredLock();
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
    // Waits for the current job, which stops at the same signal; with a timeout, as Redis may be down.
    await Promise.race([worker.close(), sleep(10_000, undefined, { ref: false })]);
  }

  async #process(worker: Worker<unknown, void>, job: Job<unknown>, token: string | undefined): Promise<void> {
    this.#lastWork = Infinity;
    this.#lockExpired = false;
    try {
      await this.#make(job.data);
      this.#connected = true;
    } catch (error) {
      if (error instanceof ShardFault) throw new UnrecoverableError(error.message);
      if (error instanceof InputError) await this.#refuse(error);
      // Not the shard's fault: it goes back to the queue, and this worker must not take it again.
      if (!this.#stop.signal.aborted) throw error;
      await worker.pause(true);
      await job.moveToWait(token);
      throw new WaitingError();
    } finally {
      this.#lastWork = performance.now();
    }
  }

  /** Computes a shard and stores it, unless it is stored already. */
  async #make(data: unknown): Promise<void> {
    const { progress } = this.#options;
    const { signal } = this.#stop;
    const job = parseQueued(jobSchema, data, 'a job');
    if (await this.#isStale(job)) return;
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
      this.#shardsDone++;
    } finally {
      stage.end();
    }
  }

  /** The store, with the job's number format. */
  #storeOf({ system }: ShardJob): VectorStore {
    const { backend, progress } = this.#options;
    const onDamage = (message: string): void => {
      progress.note(message);
    };
    return new VectorStore(backend, { dtype: system.storeDtype, onDamage });
  }

  /** True for a job of an earlier run, another version or another store: nobody waits for it. */
  async #isStale(job: { versions: Versions; store: string }): Promise<boolean> {
    const run = await readAnnouncement(this.#redis);
    if (run === undefined) return false;
    return versionDifference(job.versions, run.versions) !== undefined || job.store !== run.store;
  }

  /** Ends this worker, and sends the coordinator the reason. */
  async #refuse(error: InputError): Promise<void> {
    this.#stop.abort(error);
    await this.#sendRefusal(error.message);
  }

  /** Sends the refusal if Redis takes it in time; the user of this worker sees the reason in any case. */
  async #sendRefusal(reason: string): Promise<void> {
    const sent = sendWorkerMessage(this.#redis, { kind: 'refused', worker: this.#name, reason }).catch(() => undefined);
    await Promise.race([sent, sleep(lastMessageTimeoutMs, undefined, { ref: false })]);
  }

  #stopWhenIdle(): void {
    const { idleSeconds } = this.#options;
    if (idleSeconds !== undefined && performance.now() - this.#lastWork > idleSeconds * 1000)
      this.#stop.abort(undefined);
  }

  /** Reports an expired lock, once per shard. The work goes on: the other worker computes the same numbers. */
  #reportExpiredLock(): void {
    if (this.#lockExpired) return;
    this.#lockExpired = true;
    const { progress, address, lockSeconds } = this.#options;
    progress.note(
      `${address.shown}: this worker was silent for more than ${lockSeconds} s (--lock), ` +
        'so its shard went to another worker; continuing',
    );
  }

  #connectionLost(error: Error): void {
    if (!this.#connected) return;
    this.#connected = false;
    const { progress, address } = this.#options;
    progress.note(`${address.shown}: ${reasonOf(error, address.options)}; trying again`);
  }
}

/** BullMQ's errors for a job that another worker has taken over or finished. */
function isLostLock(error: Error): boolean {
  const codes: unknown[] = [
    ErrorCode.JobNotExist,
    ErrorCode.JobLockNotExist,
    ErrorCode.JobNotInState,
    ErrorCode.JobLockMismatch,
  ];
  return ('code' in error && codes.includes(error.code)) || error.message.startsWith('could not renew lock');
}

/** The model cannot compute this shard, on any worker. */
class ShardFault extends Error {}
