import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { UnrecoverableError, WaitingError, type Job } from 'bullmq';
import type { Redis } from 'ioredis';
import { InputError } from '../core/errors.js';
import { processorName } from '../io/maker.js';
import { readStoreId } from '../stores/index.js';
import { connectQueue, requireQueue, type QueueAddress } from './address.js';
import { readAnnouncement } from './announcement.js';
import { GivenBack } from './given-back.js';
import { IdleClock } from './idle-clock.js';
import { takeJobs, type JobTaker } from './job-taker.js';
import {
  jobSchema,
  parseQueued,
  versionDifference,
  type Announcement,
  type ShardJob,
  type ShardResult,
  type Versions,
} from './protocol.js';
import { JobRefusal, ShardFault } from './refusals.js';
import { ShardJobs, type WorkerIdentity } from './shard-jobs.js';
import type { ShardMakerOptions } from './shard-maker.js';
import { sendWorkerMessage } from './worker-messages.js';

export interface WorkerOptions extends ShardMakerOptions {
  readonly address: QueueAddress;
  readonly versions: Versions;
  /** A worker silent for longer than this counts as dead, and its shard goes to another worker. */
  readonly lockSeconds: number;
  /** Ends after this long without work while no run is announced; undefined: never. */
  readonly idleSeconds?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Poll interval of a worker that waits for a run, and of the idle time. */
const pollMs = 500;
/** Timeout of the last message to Redis before a worker ends. */
const lastMessageTimeoutMs = 5000;

/**
 * Computes shards of a queue until aborted, or idle for too long.
 * @returns the number of shards computed
 * @throws InputError if this worker does not fit the run, cannot continue (its current shard goes back to the queue), or
 *   becomes idle after it could do none of its jobs
 */
export async function runWorker(options: WorkerOptions): Promise<number> {
  await options.backend.requireUsable();
  await requireQueue(options.address);
  return new QueueWorker(options).run();
}

class QueueWorker {
  readonly #options: WorkerOptions;
  readonly #redis: Redis;
  readonly #jobs: ShardJobs;
  readonly #idle: IdleClock;
  readonly #identity: WorkerIdentity;
  readonly #givenBack: GivenBack;
  /** Aborted to end the worker; the reason is an InputError if the worker failed. */
  readonly #stop = new AbortController();
  #shardsDone = 0;

  constructor(options: WorkerOptions) {
    this.#options = options;
    this.#identity = { worker: `${hostname()}:${process.pid}`, processor: processorName() };
    this.#redis = connectQueue(options.address, this.#stop.signal);
    this.#idle = new IdleClock(this.#redis);
    this.#jobs = new ShardJobs(options, this.#identity);
    this.#givenBack = new GivenBack(this.#identity.worker, options.progress);
    options.signal?.addEventListener('abort', () => {
      this.#stop.abort(undefined);
    });
  }

  async run(): Promise<number> {
    const idle = setInterval(() => {
      this.#stopWhenIdle();
    }, pollMs / 2);
    try {
      await this.#join();
      if (!this.#stop.signal.aborted)
        await takeJobs(this.#options, this.#identity.worker, this.#stop.signal, this.#process);
    } catch (error) {
      // Stopped while Redis was down: the connection's failure is expected.
      if (error instanceof InputError || !this.#stop.signal.aborted) throw error;
    } finally {
      clearInterval(idle);
      this.#idle.close();
      this.#redis.disconnect();
      await this.#jobs.close();
    }
    const reason: unknown = this.#stop.signal.reason;
    if (reason instanceof InputError) throw reason;
    return this.#shardsDone;
  }

  /** Waits for a run that this worker fits, and tells it so. */
  async #join(): Promise<void> {
    const { progress, address, threads, backend } = this.#options;
    let waiting = false;
    try {
      for (;;) {
        const run = await readAnnouncement(this.#redis);
        if (run !== undefined) {
          this.#requireFit(run, await readStoreId(backend));
          break;
        }
        if (!waiting) progress.note(`${address.shown}: waiting for a run (sgpt-bench run --queue)`);
        waiting = true;
        await sleep(pollMs, undefined, { signal: this.#stop.signal }).catch(() => undefined);
        if (this.#stop.signal.aborted) return;
      }
    } catch (error) {
      if (error instanceof InputError) await this.#sendRefusal(error.message);
      throw error;
    }
    await sendWorkerMessage(this.#redis, { kind: 'joined', ...this.#identity, threads });
  }

  /** @throws InputError if this worker has another version or store than the run that is announced */
  #requireFit(run: Announcement, storeId: string | undefined): void {
    const difference = this.#differenceFrom(run, storeId);
    if (difference !== undefined) throw new InputError(difference);
  }

  /** Why this worker does not fit a run or a job; undefined if it does. */
  #differenceFrom(
    { versions, store }: { readonly versions: Versions; readonly store: string },
    storeId: string | undefined,
  ): string | undefined {
    const { versions: own, backend } = this.#options;
    const difference = versionDifference(own, versions);
    if (difference !== undefined || storeId === store) return difference;
    return `--store ${backend.address}: is not the store that the run fills; give the same one on all machines`;
  }

  readonly #process = async (
    taker: JobTaker,
    job: Job<unknown>,
    token: string | undefined,
  ): Promise<ShardResult | null> => {
    this.#idle.workStarts();
    try {
      const data = await this.#fittingJob(job);
      if (data === undefined) return null;
      this.#givenBack.requireUnrefused(data);
      const result = await this.#jobs.do(data, this.#stop.signal);
      if (result.computed) this.#shardsDone++;
      return result;
    } catch (error) {
      if (error instanceof ShardFault) throw new UnrecoverableError(error.message);
      if (error instanceof JobRefusal) return await this.#givenBack.giveBack(error, job, token);
      if (error instanceof InputError) await this.#end(error);
      // Not the shard's fault: it goes back to the queue, and this worker must not take it again.
      if (!this.#stop.signal.aborted) throw error;
      await taker.stop();
      await job.moveToWait(token);
      throw new WaitingError();
    } finally {
      this.#idle.workEnds();
    }
  };

  /**
   * A job's data; undefined for a job of another program, run, version or store: nobody waits for it, so it is dropped.
   * @throws InputError if this worker does not fit the run that is announced now
   */
  async #fittingJob({ data }: Job<unknown>): Promise<ShardJob | undefined> {
    const [storeId, run] = await Promise.all([readStoreId(this.#options.backend), readAnnouncement(this.#redis)]);
    if (run !== undefined) this.#requireFit(run, storeId);
    let job: ShardJob;
    try {
      job = parseQueued(jobSchema, data, 'a job');
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      this.#options.progress.note(`${error.message}; it is dropped`);
      return undefined;
    }
    return this.#differenceFrom(job, storeId) === undefined ? job : undefined;
  }

  /** Ends this worker, and sends the coordinator the reason. */
  async #end(error: InputError): Promise<void> {
    this.#stop.abort(error);
    await this.#sendRefusal(error.message);
  }

  /** Sends the refusal if Redis takes it in time; the user of this worker sees the reason in any case. */
  async #sendRefusal(reason: string): Promise<void> {
    const { worker } = this.#identity;
    const sent = sendWorkerMessage(this.#redis, { kind: 'refused', worker, reason }).catch(() => undefined);
    await Promise.race([sent, sleep(lastMessageTimeoutMs, undefined, { ref: false })]);
  }

  #stopWhenIdle(): void {
    const { idleSeconds = Infinity } = this.#options;
    if (this.#idle.seconds <= idleSeconds) return;
    this.#stop.abort(this.#shardsDone === 0 ? this.#givenBack.lastReason() : undefined);
  }
}
