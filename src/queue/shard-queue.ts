import { setTimeout as sleep } from 'node:timers/promises';
import { Queue, QueueEvents } from 'bullmq';
import { VectorStore, type StoreBackend } from '../stores/index.js';
import { reconnecting, type QueueAddress } from './address.js';
import { isRefusedByAll, type JobRefusals } from './job-refusals.js';
import { ComparisonPatience } from './comparison-patience.js';
import { failedJob, notVisible } from './job-errors.js';
import { orAborted } from './or-aborted.js';
import {
  jobId,
  queueName,
  queuePrefix,
  shardResultSchema,
  spareId,
  type Refusal,
  type ShardJob,
  type ShardResult,
} from './protocol.js';
import { SpareJobs } from './spare-jobs.js';

/** Attempts per shard. */
const attempts = 3;
/** Fallback poll interval, for events lost in a reconnect. */
const pollMs = 3000;
/** A file written by another machine may appear late on a network file system. */
const visibilityTimeoutMs = 90_000;
/** Finished jobs that no coordinator has read are removed after this time. */
const keepFinishedSeconds = 3600;

export interface ShardQueueOptions {
  readonly address: QueueAddress;
  readonly backend: StoreBackend;
  readonly refusals: JobRefusals;
  /** Aborted when nobody waits for shards any more. */
  readonly stop: AbortSignal;
  readonly onConnectionLost: (error: unknown) => void;
  /** Minimum time in work of a shard that gets a spare job, in milliseconds. */
  readonly spareAfterMs?: number | undefined;
}

/** The jobs of one coordinator: adds them, and waits for each until its work is done. Redis may lose them meanwhile. */
export class ShardQueue {
  readonly bull: Queue<ShardJob>;
  readonly #options: ShardQueueOptions;
  readonly #events: QueueEvents;
  readonly #spares: SpareJobs;
  readonly #closing = new AbortController();
  /** Jobs that are waited for. */
  readonly #jobs = new Map<string, ShardJob>();
  /** Job id → callback that wakes its waiter. */
  readonly #waiters = new Map<string, () => void>();

  constructor(options: ShardQueueOptions) {
    this.#options = options;
    const connection = reconnecting(options.address.options, this.#closing.signal);
    this.bull = new Queue(queueName, { connection, prefix: queuePrefix });
    this.#events = new QueueEvents(queueName, { connection, prefix: queuePrefix });
    this.#spares = new SpareJobs(this.bull, {
      add: (id, job) => this.#add(id, job),
      minimumMs: options.spareAfterMs,
    });
    const wake = ({ jobId: id }: { jobId: string }): void => this.#waiters.get(id.replace(/-spare$/, ''))?.();
    for (const event of ['completed', 'failed', 'delayed'] as const) this.#events.on(event, wake);
    this.#events.on('active', ({ jobId: id }) => {
      if (this.#jobs.has(id)) this.#spares.started(id);
    });
    this.bull.on('error', options.onConnectionLost);
    this.#events.on('error', () => undefined);
    options.stop.addEventListener('abort', () => {
      for (const wakeWaiter of this.#waiters.values()) wakeWaiter();
    });
  }

  /** True if any job is waited for. */
  get isWaiting(): boolean {
    return this.#jobs.size > 0;
  }

  /** Names of the workers that are connected. */
  async present(): Promise<Set<string>> {
    const clients = await this.bull.getWorkers();
    return new Set(clients.map(({ rawname = '' }) => rawname.slice(rawname.indexOf(':w:') + 3)));
  }

  /**
   * Returns when the store has the shard.
   * @returns what its worker said; null if that is not known
   * @throws InputError if the shard cannot be computed, or is not visible here
   */
  async make(job: ShardJob): Promise<ShardResult | null> {
    const { keys, system } = job;
    const store = new VectorStore(this.#options.backend, { dtype: system.storeDtype });
    let missedAt: number | undefined;
    let misses = 0;
    return this.#await(job, async (result) => {
      if (await store.hasAll(keys)) return { result };
      missedAt ??= performance.now();
      if (++misses > 5 && performance.now() - missedAt > visibilityTimeoutMs)
        throw notVisible(keys[0]!, this.#options.backend);
      return undefined;
    });
  }

  /**
   * Returns when another worker than the first has computed the shard again and compared.
   * @returns null if there is no other worker that can, or it takes too long (it may hang)
   */
  async compare(job: ShardJob): Promise<ShardResult | null> {
    const isAlone = async (refusals: readonly Refusal[]): Promise<boolean> => {
      const others = await this.present();
      others.delete(job.compareWith ?? '');
      return isRefusedByAll(refusals, others);
    };
    if ((await this.#tryRedis(() => isAlone([]))) !== false) return null;
    const patience = new ComparisonPatience();
    const nobody = async (refusals: readonly Refusal[]): Promise<boolean> =>
      patience.isOver({
        isAlone: await isAlone(refusals),
        isLast: [...this.#jobs.values()].every(({ compareWith }) => compareWith !== null),
        longestMs: this.#spares.longestMs,
      });
    return this.#await(job, (result) => Promise.resolve(result === null ? undefined : { result }), nobody);
  }

  /** Gives shards that take unusually long to idle workers, too. */
  addSpares(): Promise<void> {
    return this.#spares.add(this.#jobs);
  }

  /** Removes a job unless a worker has it. */
  async #remove(id: string): Promise<void> {
    await orAborted(this.bull.remove(id), AbortSignal.timeout(1000)).catch(() => undefined);
  }

  /** Closes the connections. */
  async close(): Promise<void> {
    this.#closing.abort();
    // Closing waits for a Redis that is down, hence the timeout.
    await orAborted(Promise.allSettled([this.bull.close(), this.#events.close()]), AbortSignal.timeout(2000)).catch(
      () => undefined,
    );
  }

  /**
   * Waits for a job.
   * @param done called when a worker has finished the job, or Redis has lost it; returns undefined if it must be added again
   * @param giveUp called at each look; true ends the wait
   */
  async #await(
    job: ShardJob,
    done: (result: ShardResult | null) => Promise<{ readonly result: ShardResult | null } | undefined>,
    giveUp: (refusals: readonly Refusal[]) => Promise<boolean> = () => Promise.resolve(false),
  ): Promise<ShardResult | null> {
    const id = jobId(job);
    this.#jobs.set(id, job);
    try {
      for (let missing = true; ;) {
        // New, lost by Redis, or not visible here yet (then a worker that sees it finishes the job at once).
        if (missing) await this.#tryRedis(() => this.#add(id, job));
        await this.#nextEvent(id);
        const { isFinished, result, refusals } = await this.#look(id, job);
        if (isFinished) {
          const found = await done(result);
          if (found !== undefined) return found.result;
        } else if ((await this.#tryRedis(() => giveUp(refusals))) === true) {
          await this.#remove(id);
          return null;
        }
        missing = isFinished;
      }
    } catch (error) {
      await this.#remove(id);
      throw error;
    } finally {
      this.#jobs.delete(id);
      this.#options.refusals.done(id);
      if (this.#spares.has(id)) await this.#remove(spareId(id));
      this.#spares.finished(id);
    }
  }

  /** The state of a job. A job that Redis has lost counts as finished, without a result. */
  async #look(
    id: string,
    job: ShardJob,
  ): Promise<{ isFinished: boolean; result: ShardResult | null; refusals: readonly Refusal[] }> {
    const unfinished = { isFinished: false, result: null, refusals: [] };
    const state = await this.#tryRedis(() => this.bull.getJobState(id));
    if (state === 'failed') throw failedJob(job, (await this.bull.getJob(id))?.failedReason);
    if (state === 'unknown') return { ...unfinished, isFinished: true };
    if (state === 'completed') return { ...unfinished, isFinished: true, result: await this.#take(id) };
    if (state === 'delayed' || job.compareWith !== null) {
      const refusals = (await this.#tryRedis(() => this.bull.getJob(id)))?.data.refusals ?? [];
      this.#options.refusals.record(id, refusals);
      return { ...unfinished, refusals };
    }
    if (!this.#spares.has(id)) return unfinished;
    const spare = spareId(id);
    if ((await this.#tryRedis(() => this.bull.getJobState(spare))) !== 'completed') return unfinished;
    return { ...unfinished, isFinished: true, result: await this.#take(spare) };
  }

  /** Removes a finished job; returns what its worker said. */
  async #take(id: string): Promise<ShardResult | null> {
    const job = await this.#tryRedis(() => this.bull.getJob(id));
    const parsed = shardResultSchema.safeParse(job?.returnvalue);
    await this.#remove(id);
    return parsed.success ? parsed.data : null;
  }

  /** The result of a Redis call; undefined if it fails, as while Redis starts. */
  async #tryRedis<T>(call: () => Promise<T>): Promise<T | undefined> {
    const { stop, onConnectionLost } = this.#options;
    try {
      return await orAborted(call(), stop);
    } catch (error) {
      stop.throwIfAborted();
      onConnectionLost(error);
      return undefined;
    }
  }

  async #add(id: string, job: ShardJob): Promise<void> {
    // A job that has ended, in an earlier run or without the shard being visible, gets new attempts.
    if (['failed', 'completed'].includes(await this.bull.getJobState(id))) await this.bull.remove(id);
    await this.bull.add(job.part.kind, job, {
      jobId: id,
      attempts,
      backoff: { type: 'fixed', delay: 1000 },
      // A comparison holds up the run's window of shards, so it comes first.
      lifo: job.compareWith !== null,
      removeOnComplete: { age: keepFinishedSeconds },
    });
  }

  /** Returns when an event says that the job has ended or was given back, or after the poll interval. */
  async #nextEvent(id: string): Promise<void> {
    const event = new Promise<void>((resolve) => this.#waiters.set(id, resolve));
    const timer = new AbortController();
    await Promise.race([event, sleep(pollMs, undefined, { signal: timer.signal }).catch(() => undefined)]);
    timer.abort();
    this.#waiters.delete(id);
  }
}
