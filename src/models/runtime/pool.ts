import type { ChildProcess } from 'node:child_process';
import { messageOf, throwIfInterrupted } from '../../core/errors.js';
import { inBatches } from './batches.js';
import type { Job } from './job.js';
import type { FromWorker, SessionSpec, ToWorker } from './messages.js';
import { startWorker } from './start-worker.js';

/** Jobs assigned to a worker: one that it runs, and one that it can start without waiting. */
const jobsPerWorker = 2;
/** A job fails when its worker has died this many times: the job seems to be the cause. */
const maxStarts = 3;

/** The jobs of one call of {@link SessionPool.run}. */
interface JobGroup {
  readonly jobs: Iterator<Job>;
  /** Jobs to run again, because their worker died. */
  readonly retries: StartedJob[];
  /** True if the iterator has no more jobs. */
  exhausted: boolean;
  /** True if the remaining jobs are not to be run, after a failure or an interruption. */
  stopped: boolean;
  /** Number of jobs that are running. */
  running: number;
  /** Ends the call. */
  settle(error?: Error): void;
}

interface StartedJob {
  readonly job: Job;
  readonly group: JobGroup;
  starts: number;
}

interface PoolWorker {
  readonly child: ChildProcess;
  readonly running: Map<number, StartedJob>;
  ready: boolean;
  /** Peak of its resident memory. */
  peakBytes: number;
}

/**
 * Worker processes with one session each. Jobs are assigned one by one as workers become free, so that a long job
 * delays no other; its result does not depend on the worker that runs it. A worker that dies is replaced, and its jobs
 * are run by others. Idle workers do not keep this process alive.
 */
export class SessionPool {
  private readonly workers = new Set<PoolWorker>();
  private readonly groups = new Set<JobGroup>();
  private readonly closeCallbacks: (() => Promise<void>)[] = [];
  private nextId = 0;
  private peak = 0;
  private closed = false;

  private constructor(
    private readonly spec: SessionSpec,
    private readonly batchTokens: number | null,
  ) {}

  /**
   * Starts the workers and waits until every session is open.
   * @param batchTokens tokens of several jobs per run, for a batched graph; null for a graph that takes one job
   */
  static async open(spec: SessionSpec, workers: number, batchTokens: number | null = null): Promise<SessionPool> {
    const pool = new SessionPool(spec, batchTokens);
    try {
      await Promise.all(Array.from({ length: workers }, () => pool.addWorker()));
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
    return [...this.workers].flatMap(({ child: worker }) => worker.pid ?? []);
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
        const runs = this.batchTokens === null ? jobs : inBatches(jobs, this.batchTokens);
        group = this.addGroup(runs, (error) => {
          if (error === undefined) resolve();
          else reject(error);
        });
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
    for (const group of this.groups) this.fail(group, closedError());
    await Promise.all(
      [...this.workers].map(async ({ child }) => {
        const exited = new Promise((resolve) => child.once('exit', resolve));
        child.ref();
        child.kill('SIGKILL');
        await exited;
      }),
    );
    for (const callback of this.closeCallbacks.splice(0)) await callback();
  }

  private addGroup(jobs: Iterable<Job>, settled: (error?: Error) => void): JobGroup {
    const group: JobGroup = {
      jobs: jobs[Symbol.iterator](),
      retries: [],
      exhausted: false,
      stopped: false,
      running: 0,
      settle: (error) => {
        if (this.groups.delete(group)) settled(error);
      },
    };
    this.groups.add(group);
    return group;
  }

  private addWorker(): Promise<void> {
    return new Promise((resolve, reject) => {
      const child = startWorker();
      const worker: PoolWorker = { child, running: new Map(), ready: false, peakBytes: 0 };
      this.workers.add(worker);
      child.on('message', (message: FromWorker) => {
        if (message.kind === 'ready') {
          worker.ready = true;
          keepAlive(child, false);
          resolve();
          this.assignJobs();
        } else if (message.kind === 'failed') {
          reject(new Error(message.message));
          child.disconnect();
        } else this.finish(worker, message);
      });
      child.on('error', (error) => {
        // Without a pid, the process has not started, and no 'exit' event follows.
        if (child.pid === undefined) this.workers.delete(worker);
        reject(error);
      });
      child.on('exit', (code, signal) => {
        this.workers.delete(worker);
        const reason = causeOfExit(code, signal);
        reject(new Error(`a worker process ended while it was starting (${reason})`));
        if (!this.closed && worker.ready) this.replace(worker, reason);
      });
      send(child, { kind: 'open', spec: this.spec });
    });
  }

  /** Returns the jobs of a worker that died to their groups, and starts a new worker. */
  private replace(worker: PoolWorker, reason: string): void {
    for (const started of worker.running.values()) {
      const { group } = started;
      group.running--;
      if (started.starts >= maxStarts)
        this.fail(
          group,
          new Error(`${maxStarts} worker processes died while running the same job; the last one: ${reason}`),
        );
      else if (!group.stopped) group.retries.push(started);
      this.settleIfDone(group);
    }
    this.addWorker().catch((error: unknown) => {
      if ([...this.workers].some(({ ready }) => ready)) return;
      for (const group of this.groups) this.fail(group, asError(error));
    });
    this.assignJobs();
  }

  private assignJobs(): void {
    for (let load = 0; load < jobsPerWorker; load++)
      for (const worker of this.workers) {
        if (!worker.ready || worker.running.size > load) continue;
        const started = this.nextJob();
        if (started === undefined) return;
        this.start(worker, started);
      }
  }

  private nextJob(): StartedJob | undefined {
    for (const group of this.groups) {
      const retry = group.retries.pop();
      if (retry !== undefined) return retry;
      if (group.exhausted) continue;
      try {
        const next = group.jobs.next();
        if (next.done !== true) return { job: next.value, group, starts: 0 };
        group.exhausted = true;
        this.settleIfDone(group);
      } catch (error) {
        this.fail(group, asError(error));
      }
    }
    return undefined;
  }

  private start(worker: PoolWorker, started: StartedJob): void {
    const id = this.nextId++;
    started.starts++;
    started.group.running++;
    if (worker.running.size === 0) keepAlive(worker.child, true);
    worker.running.set(id, started);
    send(worker.child, { kind: 'run', id, feeds: started.job.feeds });
  }

  private finish(worker: PoolWorker, message: Extract<FromWorker, { kind: 'done' | 'error' }>): void {
    const started = worker.running.get(message.id);
    if (started === undefined) return;
    worker.running.delete(message.id);
    if (worker.running.size === 0) keepAlive(worker.child, false);
    if (message.kind === 'done') this.notePeak(worker, message.peakBytes);
    const { job, group } = started;
    group.running--;
    if (!group.stopped && message.kind === 'error') this.fail(group, new Error(`the model failed: ${message.message}`));
    else if (!group.stopped && message.kind === 'done') {
      try {
        job.done(message.outputs);
      } catch (error) {
        this.fail(group, asError(error));
      }
    }
    this.settleIfDone(group);
    this.assignJobs();
  }

  private notePeak(worker: PoolWorker, bytes: number): void {
    worker.peakBytes = bytes;
    const sum = [...this.workers].reduce((total, { peakBytes }) => total + peakBytes, 0);
    this.peak = Math.max(this.peak, sum);
  }

  private settleIfDone(group: JobGroup): void {
    if (group.exhausted && group.running === 0 && group.retries.length === 0) group.settle();
  }

  private fail(group: JobGroup, error: Error): void {
    stop(group);
    group.settle(error);
  }
}

function stop(group: JobGroup): void {
  group.exhausted = true;
  group.stopped = true;
  group.retries.length = 0;
}

function send(child: ChildProcess, message: ToWorker): void {
  // An error means that the process has ended; the listener of 'exit' deals with that.
  child.send(message, () => undefined);
}

/** Makes this process stay alive as long as the worker does, or not. */
function keepAlive(child: ChildProcess, yes: boolean): void {
  if (yes) {
    child.ref();
    child.channel?.ref();
  } else {
    child.unref();
    child.channel?.unref();
  }
}

function causeOfExit(code: number | null, signal: string | null): string {
  if (signal === null) return `exit code ${code}`;
  return signal === 'SIGKILL' ? 'killed, perhaps for lack of memory' : `ended by ${signal}`;
}

function closedError(): Error {
  return new Error('the model was closed');
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(messageOf(error));
}
