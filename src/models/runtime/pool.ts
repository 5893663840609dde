import type { ChildProcess } from 'node:child_process';
import { messageOf, throwIfInterrupted } from '../../core/errors.js';
import { inBatches } from './batches.js';
import type { Job } from './job.js';
import type { FromWorker, SessionSpec, ToWorker } from './messages.js';
import { startWorker } from './start-worker.js';

/** Jobs that a worker has at a time: one it works on, one so that it need not wait for the next. */
const jobsPerWorker = 2;
/** How often a job is started before it is held to be what kills the workers. */
const maxStarts = 3;

/** Jobs that were asked for together. */
interface Batch {
  readonly jobs: Iterator<Job>;
  /** Given back by workers that died. */
  readonly again: StartedJob[];
  /** There are no more jobs to draw. */
  exhausted: boolean;
  /** What is left is not to be done: the batch failed or was interrupted. */
  stopped: boolean;
  running: number;
  settle(error?: Error): void;
}

interface StartedJob {
  readonly job: Job;
  readonly batch: Batch;
  starts: number;
}

interface Member {
  readonly worker: ChildProcess;
  readonly running: Map<number, StartedJob>;
  ready: boolean;
  /** Its resident memory when it was largest. */
  peakBytes: number;
}

/**
 * Worker processes with a session each. Jobs are handed out one by one as workers come free, so that a long one delays
 * no other; what a job computes does not depend on which worker runs it. A worker that dies is replaced, and its work
 * is given to others. Workers do not keep this process alive while they have nothing to do.
 */
export class SessionPool {
  private readonly members = new Set<Member>();
  private readonly batches = new Set<Batch>();
  private readonly whenClosed: (() => Promise<void>)[] = [];
  private nextId = 0;
  private largest = 0;
  private closed = false;

  private constructor(
    private readonly spec: SessionSpec,
    private readonly batchTokens: number | null,
  ) {}

  /**
   * Starts the workers and waits until every session is open.
   * @param batchTokens how many tokens of several jobs one run of a batched graph takes; null where the graph takes one job
   */
  static async open(spec: SessionSpec, workers: number, batchTokens: number | null = null): Promise<SessionPool> {
    const pool = new SessionPool(spec, batchTokens);
    try {
      await Promise.all(Array.from({ length: workers }, () => pool.addMember()));
    } catch (error) {
      await pool.close();
      throw error;
    }
    return pool;
  }

  /** Resident memory of the workers together when it was largest, in bytes; what they share is counted in each. */
  get peakBytes(): number {
    return this.largest;
  }

  /** Process ids of the workers. */
  get pids(): number[] {
    return [...this.members].flatMap(({ worker }) => worker.pid ?? []);
  }

  /**
   * Runs all jobs. They are drawn from the iterable when a worker is free for them, in its order.
   * @throws InterruptedError as soon as the signal is raised; what comes of jobs that had been started is ignored
   * @throws Error when a job fails, or when three workers died at it
   */
  async run(jobs: Iterable<Job>, signal?: AbortSignal): Promise<void> {
    throwIfInterrupted(signal);
    if (this.closed) throw closedError();
    let batch: Batch | undefined;
    const onAbort = (): void => {
      stop(batch!);
      batch!.settle();
    };
    try {
      await new Promise<void>((resolve, reject) => {
        const runs = this.batchTokens === null ? jobs : inBatches(jobs, this.batchTokens);
        batch = this.addBatch(runs, (error) => {
          if (error === undefined) resolve();
          else reject(error);
        });
        signal?.addEventListener('abort', onAbort);
        this.handOut();
      });
    } finally {
      signal?.removeEventListener('abort', onAbort);
    }
    throwIfInterrupted(signal);
  }

  /** Has something done after the workers have ended. */
  onClose(then: () => Promise<void>): void {
    this.whenClosed.push(then);
  }

  /** Ends the workers at once; a run that is under way fails. */
  async close(): Promise<void> {
    this.closed = true;
    for (const batch of this.batches) this.fail(batch, closedError());
    await Promise.all(
      [...this.members].map(async ({ worker }) => {
        const exited = new Promise((resolve) => worker.once('exit', resolve));
        worker.ref();
        worker.kill('SIGKILL');
        await exited;
      }),
    );
    for (const then of this.whenClosed.splice(0)) await then();
  }

  private addBatch(jobs: Iterable<Job>, settled: (error?: Error) => void): Batch {
    const batch: Batch = {
      jobs: jobs[Symbol.iterator](),
      again: [],
      exhausted: false,
      stopped: false,
      running: 0,
      settle: (error) => {
        if (this.batches.delete(batch)) settled(error);
      },
    };
    this.batches.add(batch);
    return batch;
  }

  private addMember(): Promise<void> {
    return new Promise((resolve, reject) => {
      const worker = startWorker();
      const member: Member = { worker, running: new Map(), ready: false, peakBytes: 0 };
      this.members.add(member);
      worker.on('message', (message: FromWorker) => {
        if (message.kind === 'ready') {
          member.ready = true;
          keepAlive(worker, false);
          resolve();
          this.handOut();
        } else if (message.kind === 'failed') {
          reject(new Error(message.message));
          worker.disconnect();
        } else this.finish(member, message);
      });
      worker.on('error', (error) => {
        // The worker could not be started: there will be no 'exit'.
        if (worker.pid === undefined) this.members.delete(member);
        reject(error);
      });
      worker.on('exit', (code, signal) => {
        this.members.delete(member);
        const reason = causeOfDeath(code, signal);
        reject(new Error(`a worker process ended while it was starting (${reason})`));
        if (!this.closed && member.ready) this.replace(member, reason);
      });
      send(worker, { kind: 'open', spec: this.spec });
    });
  }

  /** Gives the work of a worker that died to others, and starts another in its place. */
  private replace(member: Member, reason: string): void {
    for (const started of member.running.values()) {
      const { batch } = started;
      batch.running--;
      if (started.starts >= maxStarts)
        this.fail(batch, new Error(`${maxStarts} worker processes died at the same work; the last one: ${reason}`));
      else if (!batch.stopped) batch.again.push(started);
      this.settleIfOver(batch);
    }
    this.addMember().catch((error: unknown) => {
      if ([...this.members].some(({ ready }) => ready)) return;
      for (const batch of this.batches) this.fail(batch, asError(error));
    });
    this.handOut();
  }

  private handOut(): void {
    for (let load = 0; load < jobsPerWorker; load++)
      for (const member of this.members) {
        if (!member.ready || member.running.size > load) continue;
        const started = this.nextJob();
        if (started === undefined) return;
        this.start(member, started);
      }
  }

  private nextJob(): StartedJob | undefined {
    for (const batch of this.batches) {
      const again = batch.again.pop();
      if (again !== undefined) return again;
      if (batch.exhausted) continue;
      try {
        const next = batch.jobs.next();
        if (next.done !== true) return { job: next.value, batch, starts: 0 };
        batch.exhausted = true;
        this.settleIfOver(batch);
      } catch (error) {
        this.fail(batch, asError(error));
      }
    }
    return undefined;
  }

  private start(member: Member, started: StartedJob): void {
    const id = this.nextId++;
    started.starts++;
    started.batch.running++;
    if (member.running.size === 0) keepAlive(member.worker, true);
    member.running.set(id, started);
    send(member.worker, { kind: 'run', id, feeds: started.job.feeds });
  }

  private finish(member: Member, message: Extract<FromWorker, { kind: 'done' | 'error' }>): void {
    const started = member.running.get(message.id);
    if (started === undefined) return;
    member.running.delete(message.id);
    if (member.running.size === 0) keepAlive(member.worker, false);
    if (message.kind === 'done') this.notePeak(member, message.peakBytes);
    const { job, batch } = started;
    batch.running--;
    if (!batch.stopped && message.kind === 'error') this.fail(batch, new Error(`the model failed: ${message.message}`));
    else if (!batch.stopped && message.kind === 'done') {
      try {
        job.done(message.outputs);
      } catch (error) {
        this.fail(batch, asError(error));
      }
    }
    this.settleIfOver(batch);
    this.handOut();
  }

  private notePeak(member: Member, bytes: number): void {
    member.peakBytes = bytes;
    const sum = [...this.members].reduce((total, { peakBytes }) => total + peakBytes, 0);
    this.largest = Math.max(this.largest, sum);
  }

  private settleIfOver(batch: Batch): void {
    if (batch.exhausted && batch.running === 0 && batch.again.length === 0) batch.settle();
  }

  private fail(batch: Batch, error: Error): void {
    stop(batch);
    batch.settle(error);
  }
}

function stop(batch: Batch): void {
  batch.exhausted = true;
  batch.stopped = true;
  batch.again.length = 0;
}

function send(worker: ChildProcess, message: ToWorker): void {
  // An error means that the worker is gone; its 'exit' tells what to do.
  worker.send(message, () => undefined);
}

/** Whether this process waits for the worker before it ends by itself. */
function keepAlive(worker: ChildProcess, yes: boolean): void {
  if (yes) {
    worker.ref();
    worker.channel?.ref();
  } else {
    worker.unref();
    worker.channel?.unref();
  }
}

function causeOfDeath(code: number | null, signal: string | null): string {
  if (signal === null) return `exit code ${code}`;
  return signal === 'SIGKILL' ? 'killed, perhaps for lack of memory' : `ended by ${signal}`;
}

function closedError(): Error {
  return new Error('the model was closed');
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(messageOf(error));
}
