import { throwIfInterrupted } from '../../core/errors.js';
import { inBatches } from './batches.js';
import { asError, fail, newGroup, nextOf, settleIfDone, stop, type JobGroup, type StartedJob } from './job-group.js';
import type { Job } from './job.js';
import type { SessionSpec } from './messages.js';
import { PoolWorker, type Answer } from './pool-worker.js';
import { progressLimit, type ProgressLimit } from './progress-limit.js';

/** Jobs assigned to a worker: one that it runs, and one that it can start without waiting. */
const jobsPerWorker = 2;
/** A job fails when its worker has died this many times: the job seems to be the cause. */
const maxStarts = 3;

export interface SessionPoolOptions {
  /** Number of worker processes. */
  readonly workers: number;
  /** Tokens of several jobs per run, for a batched graph; null, the default, for a graph that takes one job. */
  readonly batchTokens?: number | null | undefined;
  /** A worker that is silent for longer is replaced. */
  readonly limit?: ProgressLimit | undefined;
  /** Called with a message when a worker is replaced. */
  readonly note?: ((message: string) => void) | undefined;
}

/**
 * Worker processes with one session each. Jobs are assigned one by one as workers become free, so that a long job
 * delays no other; its result does not depend on the worker that runs it. A worker that dies or hangs is replaced, and its
 * jobs are run by others. Idle workers do not keep this process alive.
 */
export class SessionPool {
  private readonly workers = new Set<PoolWorker>();
  private readonly groups = new Set<JobGroup>();
  private readonly closeCallbacks: (() => Promise<void>)[] = [];
  /** Workers that are starting, and what to call if one ends before it is ready. */
  private readonly starting = new Map<PoolWorker, (error: Error) => void>();
  private readonly limit: ProgressLimit;
  private nextId = 0;
  private peak = 0;
  private closed = false;

  private constructor(
    private readonly spec: SessionSpec,
    private readonly options: SessionPoolOptions,
  ) {
    this.limit = options.limit ?? progressLimit();
  }

  /** Starts the workers and waits until every session is open. */
  static async open(spec: SessionSpec, options: SessionPoolOptions): Promise<SessionPool> {
    const pool = new SessionPool(spec, options);
    try {
      await Promise.all(Array.from({ length: options.workers }, () => pool.addWorker()));
    } catch (error) {
      await pool.close();
      throw error;
    }
    return pool;
  }

  /** Peak of the workers' total resident memory, in bytes; memory that they share is counted once per worker. */
  get peakBytes(): number {
    return this.peak;
  }

  /** Process ids of the workers. */
  get pids(): number[] {
    return [...this.workers].flatMap(({ pid }) => pid ?? []);
  }

  /**
   * Runs all jobs. They are taken from the iterable in order, each when a worker is free.
   * @throws InterruptedError as soon as the signal is aborted; results of jobs that are running are ignored
   * @throws Error if a job fails, or if three workers died while running it
   */
  async run(jobs: Iterable<Job>, signal?: AbortSignal): Promise<void> {
    throwIfInterrupted(signal);
    if (this.closed) throw closedError();
    let group: JobGroup | undefined;
    const onAbort = (): void => {
      stop(group!);
      group!.settle();
    };
    try {
      await new Promise<void>((resolve, reject) => {
        const { batchTokens = null } = this.options;
        const runs = batchTokens === null ? jobs : inBatches(jobs, batchTokens);
        const added = newGroup(runs, (error) => {
          if (!this.groups.delete(added)) return;
          if (error === undefined) resolve();
          else reject(error);
        });
        group = added;
        this.groups.add(added);
        signal?.addEventListener('abort', onAbort);
        this.assignJobs();
      });
    } finally {
      signal?.removeEventListener('abort', onAbort);
    }
    throwIfInterrupted(signal);
  }

  /** Registers a callback that {@link close} calls after the workers have ended. */
  onClose(callback: () => Promise<void>): void {
    this.closeCallbacks.push(callback);
  }

  /** Kills the workers; calls of {@link run} that have not ended fail. */
  async close(): Promise<void> {
    this.closed = true;
    for (const group of this.groups) fail(group, closedError());
    await Promise.all([...this.workers].map((worker) => worker.close()));
    for (const callback of this.closeCallbacks.splice(0)) await callback();
  }

  private addWorker(): Promise<void> {
    return new Promise((resolve, reject) => {
      const worker = new PoolWorker(this.spec, this.limit, {
        ready: (ready) => {
          this.starting.delete(ready);
          resolve();
          this.assignJobs();
        },
        answered: (started, answer) => {
          this.finish(started, answer);
        },
        ended: (ended, reason) => {
          this.end(ended, reason);
        },
      });
      this.starting.set(worker, reject);
      this.workers.add(worker);
    });
  }

  /** A worker has ended: its jobs go back to their groups, and a new worker takes its place. */
  private end(worker: PoolWorker, reason: string): void {
    this.workers.delete(worker);
    const starting = this.starting.get(worker);
    this.starting.delete(worker);
    starting?.(new Error(worker.fault ?? `a worker process ended while it was starting (${reason})`));
    if (this.closed || starting !== undefined) return;
    if (worker.running.size > 0)
      this.options.note?.(`a model process was replaced (${reason}); its texts are run again`);
    for (const started of worker.running.values()) returnJob(started, reason);
    this.addWorker().catch((error: unknown) => {
      if ([...this.workers].some(({ ready }) => ready)) return;
      for (const group of this.groups) fail(group, asError(error));
    });
    this.assignJobs();
  }

  private assignJobs(): void {
    for (let load = 0; load < jobsPerWorker; load++)
      for (const worker of this.workers) {
        if (!worker.ready || worker.running.size > load) continue;
        const started = this.nextJob();
        if (started === undefined) return;
        started.starts++;
        started.group.running++;
        worker.start(this.nextId++, started);
      }
  }

  private nextJob(): StartedJob | undefined {
    for (const group of this.groups) {
      const next = nextOf(group);
      if (next !== undefined) return next;
    }
    return undefined;
  }

  private finish({ job, group }: StartedJob, answer: Answer): void {
    if (answer.kind === 'done') this.notePeak();
    group.running--;
    if (!group.stopped && answer.kind === 'error') fail(group, new Error(`the model failed: ${answer.message}`));
    else if (!group.stopped && answer.kind === 'done') {
      try {
        job.done(answer.outputs);
      } catch (error) {
        fail(group, asError(error));
      }
    }
    settleIfDone(group);
    this.assignJobs();
  }

  private notePeak(): void {
    const sum = [...this.workers].reduce((total, { peakBytes }) => total + peakBytes, 0);
    this.peak = Math.max(this.peak, sum);
  }
}

/** Returns a job whose worker has ended to its group, or fails the group if that has happened too often. */
function returnJob(started: StartedJob, reason: string): void {
  const { group } = started;
  group.running--;
  if (started.starts >= maxStarts)
    fail(group, new Error(`${maxStarts} worker processes died while running the same job; the last one: ${reason}`));
  else if (!group.stopped) group.retries.push(started);
  settleIfDone(group);
}

function closedError(): Error {
  return new Error('the model was closed');
}
