import { setMaxListeners } from 'node:events';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { Queue, QueueEvents } from 'bullmq';
import type { Redis } from 'ioredis';
import { InputError } from '../core/errors.js';
import type { ProfileName } from '../core/profile.js';
import type { Progress } from '../core/progress.js';
import type { ShardRequest, ShardWork } from '../core/shards.js';
import { sentPart, type SystemSpec } from '../core/system-spec.js';
import type { Task } from '../core/task.js';
import { VectorStore } from '../stores/index.js';
import { makeStoreId, type StoreBackend } from '../stores/index.js';
import { connectQueue, reconnecting, requireQueue, type QueueAddress } from './address.js';
import { WorkerMonitor } from './worker-messages.js';
import {
  announcementKey,
  announcementSchema,
  jobId,
  parseQueuedText,
  queueName,
  queuePrefix,
  versionDifference,
  type Announcement,
  type ShardJob,
  type Versions,
} from './protocol.js';

/** Maximum number of queued jobs per run: bounds the memory of Redis, and the number of busy workers. */
export const maxJobs = 256;
/** Attempts per shard. */
const attempts = 3;
/** Fallback poll interval, for events lost in a reconnect. */
const pollMs = 3000;
/** An announcement older than this is stale. */
const announcementTtlMs = 15_000;
/** A file written by another machine may appear late on a network file system. */
const visibilityTimeoutMs = 90_000;

export interface CoordinatorOptions {
  readonly address: QueueAddress;
  /** The store that workers fill. */
  readonly backend: StoreBackend;
  readonly versions: Versions;
  readonly progress: Progress;
  readonly signal?: AbortSignal | undefined;
  /** Texts per shard, or documents per shard of pairs. */
  readonly shardSize?: number | undefined;
  /** A run to which only refused workers came ends after this many minutes. */
  readonly refusedMinutes?: number | undefined;
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
  readonly #queue: Queue<ShardJob>;
  readonly #events: QueueEvents;
  readonly #workers: WorkerMonitor;
  readonly #timer: NodeJS.Timeout;
  /** Aborted by the user, or by the first shard that cannot be computed. */
  readonly #stop = new AbortController();
  readonly #closing = new AbortController();
  /** Job id → callback that wakes its waiter. */
  readonly #waiters = new Map<string, () => void>();

  private constructor(options: CoordinatorOptions, announcement: Announcement, redis: Redis) {
    this.#options = options;
    this.#announcement = announcement;
    this.#redis = redis;
    const connection = reconnecting(options.address.options, this.#closing.signal);
    this.#queue = new Queue(queueName, { connection, prefix: queuePrefix });
    this.#events = new QueueEvents(queueName, { connection, prefix: queuePrefix });
    this.#workers = new WorkerMonitor(redis, this.#queue, options);
    const wake = ({ jobId: id }: { jobId: string }): void => this.#waiters.get(id)?.();
    this.#events.on('completed', (job) => {
      this.#workers.shardDone();
      wake(job);
    });
    this.#events.on('failed', wake);
    this.#queue.on('error', (error) => {
      this.#workers.connectionLost(error);
    });
    this.#events.on('error', () => undefined);
    setMaxListeners(0, this.#stop.signal);
    this.#stop.signal.addEventListener('abort', () => {
      for (const wakeWaiter of this.#waiters.values()) wakeWaiter();
    });
    options.signal?.addEventListener('abort', () => {
      this.#stop.abort(options.signal?.reason);
    });
    this.#timer = setInterval(() => void this.#announce().catch(() => undefined), announcementTtlMs / 3);
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
      const other = await readAnnouncement(redis);
      if (other !== undefined) requireSameRun(other, announcement, address);
      const coordinator = new Coordinator(options, announcement, redis);
      await coordinator.#announce();
      return coordinator;
    } catch (error) {
      redis.disconnect();
      throw error;
    }
  }

  /** A system's work on a task: missing shards are queued. */
  workOf(work: QueuedWork): ShardWork {
    return {
      inFlight: maxJobs,
      size: this.#options.shardSize,
      make: (shard) => this.#make(this.#jobOf(work, shard)),
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
    };
  }

  async #make(job: ShardJob): Promise<void> {
    const id = jobId(job);
    try {
      await this.#await(id, job);
    } catch (error) {
      this.#stop.abort(error); // the run fails, so the other shards are of no use
      await orAborted(this.#queue.remove(id), AbortSignal.timeout(1000)).catch(() => undefined);
      throw error;
    }
  }

  /** Returns when the store has the shard. */
  async #await(id: string, job: ShardJob): Promise<void> {
    const { keys, system } = job;
    const store = new VectorStore(this.#options.backend, { dtype: system.storeDtype });
    let missing = true;
    let missedAt: number | undefined;
    for (let misses = 0; ;) {
      // New, lost by Redis, or not visible here yet (then a worker that sees it finishes the job at once).
      if (missing) await this.#tryRedis(() => this.#add(id, job));
      await this.#nextEvent(id);
      const state = await this.#tryRedis(() => this.#queue.getJobState(id));
      if (state === 'failed') throw await this.#failure(id, job);
      missing = state === 'unknown' || state === 'completed';
      if (!missing) continue;
      if (await store.hasAll(keys)) return;
      missedAt ??= performance.now();
      if (++misses > 5 && performance.now() - missedAt > visibilityTimeoutMs) throw this.#notVisible(keys[0]!);
    }
  }

  /** The result of a Redis call; undefined if it fails, as while Redis starts. */
  async #tryRedis<T>(call: () => Promise<T>): Promise<T | undefined> {
    const { signal } = this.#stop;
    try {
      return await orAborted(call(), signal);
    } catch (error) {
      signal.throwIfAborted();
      this.#workers.connectionLost(error);
      return undefined;
    }
  }

  async #add(id: string, job: ShardJob): Promise<void> {
    // A job that failed in an earlier run gets new attempts.
    if ((await this.#queue.getJobState(id)) === 'failed') await this.#queue.remove(id);
    await this.#queue.add(job.part.kind, job, {
      jobId: id,
      attempts,
      backoff: { type: 'fixed', delay: 1000 },
      removeOnComplete: true,
    });
  }

  /** Returns when an event says that the job has ended, or after the poll interval. */
  async #nextEvent(id: string): Promise<void> {
    const event = new Promise<void>((resolve) => this.#waiters.set(id, resolve));
    const timer = new AbortController();
    await Promise.race([event, sleep(pollMs, undefined, { signal: timer.signal }).catch(() => undefined)]);
    timer.abort();
    this.#waiters.delete(id);
  }

  async #failure(id: string, { task, part }: ShardJob): Promise<InputError> {
    const job = await this.#queue.getJob(id);
    const which =
      part.kind === 'texts'
        ? `${part.sequence} ${part.first + 1} to ${part.first + part.count}`
        : `the pairs of ${part.candidates.length} documents`;
    const reason = job?.failedReason ?? 'for a reason that Redis has forgotten';
    return new InputError(`${task.name}: no worker could compute ${which}: ${reason}`);
  }

  #notVisible(key: string): InputError {
    const { backend } = this.#options;
    return new InputError(
      `--store ${backend.address}: workers report that shard ${key} is stored, but it is not visible here; ` +
        'do all machines use the same store under this name?',
    );
  }

  /** Renews the announcement and reads the workers' messages; aborts the run if no worker fits it. */
  async #announce(): Promise<void> {
    await this.#redis.set(announcementKey, JSON.stringify(this.#announcement), 'PX', announcementTtlMs);
    const failure = await this.#workers.poll(this.#waiters.size > 0);
    if (failure !== undefined) this.#stop.abort(failure);
  }

  /** Closes the connections. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#closing.abort();
    // Closing waits for a Redis that is down, hence the timeout.
    await orAborted(Promise.allSettled([this.#queue.close(), this.#events.close()]), AbortSignal.timeout(2000)).catch(
      () => undefined,
    );
    this.#redis.disconnect();
  }
}

/** Settles as the promise does, or rejects with the signal's reason as soon as it is aborted. */
async function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  promise.catch(() => undefined); // awaited below, or no longer needed
  signal.throwIfAborted();
  let stop: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    stop = (): void => {
      reject(signal.reason as Error);
    };
    signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', stop!);
  }
}

/** The announcement of the current coordinator, if any. */
export async function readAnnouncement(redis: Redis): Promise<Announcement | undefined> {
  const text = await redis.get(announcementKey);
  if (text === null) return undefined;
  return parseQueuedText(announcementSchema, text, 'an announcement');
}

/** Runs of the same version that fill the same store may share a queue. */
function requireSameRun(other: Announcement, own: Announcement, { shown }: QueueAddress): void {
  const difference = versionDifference(own.versions, other.versions);
  if (difference === undefined && other.store === own.store) return;
  const what = difference === undefined ? 'that fills another store' : 'of another version';
  throw new InputError(
    `${shown}: is in use by a run ${what} (process ${other.pid} on ${other.host}); use another database number, ` +
      `or wait ${announcementTtlMs / 1000} seconds if that run has ended`,
  );
}
