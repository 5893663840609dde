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
import { connectQueue, lasting, requireQueue, type QueueAddress } from './address.js';
import { Notices } from './worker-messages.js';
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

/** Jobs that a run has in the queue at most: it bounds Redis' memory, and the number of workers that are kept busy. */
export const mostJobs = 256;
/** Times that a shard is tried by living workers. */
const attempts = 3;
/** What Redis says by itself is quick; this is for what got lost with a connection. */
const pollMs = 3000;
/** A coordinator that has not said so for as long is gone. */
const announcedMs = 15_000;
/** A file that another machine wrote may show up late on a network file system. */
const visibleMs = 90_000;

export interface CoordinatorOptions {
  readonly address: QueueAddress;
  /** Where the store is that workers fill. */
  readonly backend: StoreBackend;
  readonly versions: Versions;
  readonly progress: Progress;
  readonly signal?: AbortSignal | undefined;
  /** Texts, or documents with their pairs, a shard. */
  readonly shardSize?: number | undefined;
  /** After how long a run ends that only refused workers came to. */
  readonly refusedMinutes?: number | undefined;
}

/** What a shard belongs to. */
export interface QueuedWork {
  readonly system: SystemSpec;
  /** The task's name or path as the user gave it, for workers to open. */
  readonly taskName: string;
  readonly task: Task;
  readonly profile: ProfileName;
}

/**
 * Has shards computed by the workers of a queue. What the store has is the truth: Redis may forget jobs, deliver them twice
 * or be restarted, and a coordinator that is killed and started again asks for what is still missing.
 */
export class Coordinator {
  readonly #options: CoordinatorOptions;
  readonly #announcement: Announcement;
  readonly #redis: Redis;
  readonly #queue: Queue<ShardJob>;
  readonly #events: QueueEvents;
  readonly #notices: Notices;
  readonly #timer: NodeJS.Timeout;
  /** Raised by the user, or by the first shard that cannot be computed. */
  readonly #stop = new AbortController();
  readonly #closing = new AbortController();
  /** Job id → what wakes up who waits for it. */
  readonly #waiting = new Map<string, () => void>();

  private constructor(options: CoordinatorOptions, announcement: Announcement, redis: Redis) {
    this.#options = options;
    this.#announcement = announcement;
    this.#redis = redis;
    const connection = lasting(options.address.options, this.#closing.signal);
    this.#queue = new Queue(queueName, { connection, prefix: queuePrefix });
    this.#events = new QueueEvents(queueName, { connection, prefix: queuePrefix });
    this.#notices = new Notices(redis, this.#queue, options);
    const wake = ({ jobId: id }: { jobId: string }): void => this.#waiting.get(id)?.();
    this.#events.on('completed', (job) => {
      this.#notices.worked();
      wake(job);
    });
    this.#events.on('failed', wake);
    this.#queue.on('error', (error) => {
      this.#notices.connectionLost(error);
    });
    this.#events.on('error', () => undefined);
    setMaxListeners(0, this.#stop.signal);
    this.#stop.signal.addEventListener('abort', () => {
      for (const wakeUp of this.#waiting.values()) wakeUp();
    });
    options.signal?.addEventListener('abort', () => {
      this.#stop.abort(options.signal?.reason);
    });
    this.#timer = setInterval(() => void this.#announce().catch(() => undefined), announcedMs / 3);
  }

  /**
   * Takes the lead of a queue.
   * @throws InputError where the queue cannot be reached, the store not be written, or another run uses the queue
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

  /** The work of a system on a task: its missing shards go to the queue. */
  workOf(work: QueuedWork): ShardWork {
    return {
      inFlight: mostJobs,
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
      this.#stop.abort(error); // the others' work would be for nothing
      await orAborted(this.#queue.remove(id), AbortSignal.timeout(1000)).catch(() => undefined);
      throw error;
    }
  }

  /** Ends when the store has the shard. */
  async #await(id: string, job: ShardJob): Promise<void> {
    const { keys, system } = job;
    const store = new VectorStore(this.#options.backend, { dtype: system.storeDtype });
    let missing = true;
    let missedAt: number | undefined;
    for (let misses = 0; ;) {
      // New, forgotten by Redis, or not to be seen from here yet: then a worker that sees it ends at once.
      if (missing) await this.#ask(() => this.#add(id, job));
      await this.#nextNews(id);
      const state = await this.#ask(() => this.#queue.getJobState(id));
      if (state === 'failed') throw await this.#failure(id, job);
      missing = state === 'unknown' || state === 'completed';
      if (!missing) continue;
      if (await store.hasAll(keys)) return;
      missedAt ??= performance.now();
      if (++misses > 5 && performance.now() - missedAt > visibleMs) throw this.#notVisible(keys[0]!);
    }
  }

  /** An answer of Redis; undefined where it has none to give now, as while it starts. */
  async #ask<T>(question: () => Promise<T>): Promise<T | undefined> {
    const { signal } = this.#stop;
    try {
      return await orAborted(question(), signal);
    } catch (error) {
      signal.throwIfAborted();
      this.#notices.connectionLost(error);
      return undefined;
    }
  }

  async #add(id: string, job: ShardJob): Promise<void> {
    // What failed in an earlier run is tried anew.
    if ((await this.#queue.getJobState(id)) === 'failed') await this.#queue.remove(id);
    await this.#queue.add(job.part.kind, job, {
      jobId: id,
      attempts,
      backoff: { type: 'fixed', delay: 1000 },
      removeOnComplete: true,
    });
  }

  /** Ends when Redis says that the job is over, or after a while. */
  async #nextNews(id: string): Promise<void> {
    const news = new Promise<void>((resolve) => this.#waiting.set(id, resolve));
    const pause = new AbortController();
    await Promise.race([news, sleep(pollMs, undefined, { signal: pause.signal }).catch(() => undefined)]);
    pause.abort();
    this.#waiting.delete(id);
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
      `--store ${backend.address}: workers say that shard ${key} is there, but it cannot be seen from here; ` +
        'do all machines have the same store under this name?',
    );
  }

  /** Says who leads, and looks for what workers have to say; ends the run where no worker will do. */
  async #announce(): Promise<void> {
    await this.#redis.set(announcementKey, JSON.stringify(this.#announcement), 'PX', announcedMs);
    const hopeless = await this.#notices.read(this.#waiting.size > 0);
    if (hopeless !== undefined) this.#stop.abort(hopeless);
  }

  /** Hangs up. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#closing.abort();
    // A Redis that is down would be waited for.
    await orAborted(Promise.allSettled([this.#queue.close(), this.#events.close()]), AbortSignal.timeout(2000)).catch(
      () => undefined,
    );
    this.#redis.disconnect();
  }
}

/** The promise, or a failure with the signal's reason as soon as it is raised. */
async function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  promise.catch(() => undefined); // seen below, or nobody's business any more
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

/** Who coordinates now, if anyone. */
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
      `or wait ${announcedMs / 1000} seconds if that run is gone`,
  );
}
