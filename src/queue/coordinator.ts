import { setMaxListeners } from 'node:events';
import { hostname } from 'node:os';
import type { Redis } from 'ioredis';
import { InputError } from '../core/errors.js';
import type { ProfileName } from '../core/profile.js';
import type { Progress } from '../core/progress.js';
import type { ShardRequest, ShardWork } from '../core/shards.js';
import { sentPart, type SystemSpec } from '../core/system-spec.js';
import type { Task } from '../core/task.js';
import { makeStoreId, type StoreBackend } from '../stores/index.js';
import { connectQueue, requireQueue, type QueueAddress } from './address.js';
import { announce, renewalMs, requireFreeQueue, withdraw } from './announcement.js';
import { toleranceOf } from './compare-shards.js';
import { describePart } from './job-errors.js';
import { JobRefusals } from './job-refusals.js';
import { orAborted } from './or-aborted.js';
import { type Announcement, type ShardJob, type ShardResult, type Versions } from './protocol.js';
import { ShardQueue } from './shard-queue.js';
import { WorkLog } from './work-log.js';
import { defaultRefusedMinutes, WorkerMonitor } from './worker-messages.js';

/** Maximum number of queued jobs per run: bounds the memory of Redis, and the number of busy workers. */
export const maxJobs = 256;
/** Default share of the shards that are computed twice: a worker with wrong numbers is found, at a fiftieth of the work. */
export const defaultRecheck = 0.02;

export interface CoordinatorOptions {
  readonly address: QueueAddress;
  /** The store that workers fill. */
  readonly backend: StoreBackend;
  readonly versions: Versions;
  readonly progress: Progress;
  readonly signal?: AbortSignal | undefined;
  /** Texts per shard, or documents per shard of pairs. */
  readonly shardSize?: number | undefined;
  /** Share of the shards that a second worker computes again, to compare; at least one per system and task, unless 0. */
  readonly recheck?: number | undefined;
  /** A run to which only refused workers came, or with a job that all refuse, ends after this many minutes. */
  readonly refusedMinutes?: number | undefined;
  /** Minimum time in work of a shard that a second worker gets at the end, in milliseconds. */
  readonly spareAfterMs?: number | undefined;
}

/** The system and the task that a shard belongs to. */
export interface QueuedWork {
  readonly system: SystemSpec;
  /** The task's name or path as the user gave it, for workers to open. */
  readonly taskName: string;
  readonly task: Task;
  readonly profile: ProfileName;
}

/**
 * Lets the workers of a queue compute shards. Only the store says what is done: Redis may lose jobs, deliver them twice or
 * restart, and a restarted coordinator queues what is still missing.
 */
export class Coordinator {
  readonly #options: CoordinatorOptions;
  readonly #announcement: Announcement;
  readonly #redis: Redis;
  readonly #queue: ShardQueue;
  readonly #workers: WorkerMonitor;
  readonly #refusals: JobRefusals;
  readonly #timer: NodeJS.Timeout;
  readonly #logs: { readonly taskName: string; readonly log: WorkLog }[] = [];
  /** Aborted by the user, or by the first shard that cannot be computed. */
  readonly #stop = new AbortController();

  private constructor(options: CoordinatorOptions, announcement: Announcement, redis: Redis) {
    this.#options = options;
    this.#announcement = announcement;
    this.#redis = redis;
    const { address, backend, progress, signal, spareAfterMs, refusedMinutes = defaultRefusedMinutes } = options;
    setMaxListeners(0, this.#stop.signal);
    this.#refusals = new JobRefusals(progress, refusedMinutes);
    this.#queue = new ShardQueue({
      ...{ address, backend, spareAfterMs, refusals: this.#refusals, stop: this.#stop.signal },
      onConnectionLost: (error) => {
        this.#workers.connectionLost(error);
      },
    });
    this.#workers = new WorkerMonitor(redis, this.#queue.bull, options);
    signal?.addEventListener('abort', () => {
      this.#stop.abort(signal.reason);
    });
    this.#timer = setInterval(() => void this.#poll().catch(() => undefined), renewalMs);
  }

  /**
   * Announces this process as the coordinator of a queue.
   * @throws InputError if the queue is unreachable, the store not writable, or the queue in use by another run
   */
  static async open(options: CoordinatorOptions): Promise<Coordinator> {
    const { address, backend, versions } = options;
    await backend.requireUsable();
    await requireQueue(address);
    const store = await makeStoreId(backend);
    const announcement = { versions, store, host: hostname(), pid: process.pid };
    const redis = connectQueue(address);
    try {
      await requireFreeQueue(redis, announcement, address);
      const coordinator = new Coordinator(options, announcement, redis);
      await coordinator.#poll();
      return coordinator;
    } catch (error) {
      redis.disconnect();
      throw error;
    }
  }

  /** A system's work on a task: missing shards are queued. */
  workOf(work: QueuedWork): ShardWork {
    const { recheck = defaultRecheck, shardSize, versions } = this.#options;
    const log = new WorkLog(recheck, versions.build);
    this.#logs.push({ taskName: work.taskName, log });
    return {
      inFlight: maxJobs,
      size: shardSize,
      make: (shard) => this.#make(this.#jobOf(work, shard), log),
      report: () => log.report(),
    };
  }

  #jobOf({ system, taskName, task, profile }: QueuedWork, { keys, part, model, settings }: ShardRequest): ShardJob {
    const { versions, store } = this.#announcement;
    const { architecture, dtype, files } = model;
    return {
      versions,
      store,
      task: { name: taskName, split: task.split, checksum: task.facts.checksum, queryLimit: task.queryLimit },
      profile,
      system: sentPart(system),
      model: { architecture, dtype, files: { ...files } },
      settings: { ...settings },
      part,
      keys: [...keys],
      compareWith: null,
      refusals: [],
    };
  }

  async #make(job: ShardJob, log: WorkLog): Promise<void> {
    try {
      const result = await this.#queue.make(job);
      this.#workers.shardDone();
      if (result === null) return;
      log.add(result);
      if (result.computed && log.isSampled(job.keys[0]!)) await log.compared(() => this.#compare(job, result));
    } catch (error) {
      this.#stop.abort(error); // the run fails, so the other shards are of no use
      throw error;
    }
  }

  /**
   * Has a shard computed again by another worker.
   * @returns the largest difference; null if there is no other worker
   * @throws InputError if the shards differ by more than two processors may
   */
  async #compare(job: ShardJob, first: ShardResult): Promise<number | null> {
    const second = await this.#queue.compare({ ...job, compareWith: first.worker });
    if (second?.difference == null) return null;
    const { difference } = second;
    const tolerance = toleranceOf(job.system.dtype, job.system.storeDtype);
    const both = `worker ${first.worker} (${first.processor}) and worker ${second.worker} (${second.processor})`;
    const what = `${job.task.name}: ${describePart(job.part)}: what ${both} computed`;
    if (difference > tolerance)
      throw new InputError(
        `${what} differs by ${difference.toExponential(1)} of the largest number, and two processors may differ by ` +
          `${tolerance}; one of the two is wrong: compare each with a machine that you trust, and start again with an empty store`,
      );
    if (difference > 0)
      this.#options.progress.note(`${what} differs in the last bits, by ${difference.toExponential(1)}`);
    return difference;
  }

  /** Renews the announcement, reads the workers' messages, and helps shards that take long; aborts a run that no worker fits. */
  async #poll(): Promise<void> {
    await announce(this.#redis, this.#announcement);
    const { isWaiting } = this.#queue;
    const failure = await this.#workers.poll(isWaiting);
    if (!isWaiting) return;
    const refused = this.#refusals.poll(await this.#queue.present());
    if (failure !== undefined || refused !== undefined) this.#stop.abort(failure ?? refused);
    else await this.#queue.addSpares();
  }

  /** Says what the comparisons found, and closes the connections. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await orAborted(this.#workers.readMessages(), AbortSignal.timeout(1000)).catch(() => undefined);
    for (const { taskName, log } of this.#stop.signal.aborted ? [] : this.#logs) {
      const summary = log.summary();
      if (summary !== undefined) this.#options.progress.note(`${taskName}: ${summary}`);
    }
    await orAborted(withdraw(this.#redis, this.#announcement), AbortSignal.timeout(1000)).catch(() => undefined);
    await this.#queue.close();
    this.#redis.disconnect();
  }
}
