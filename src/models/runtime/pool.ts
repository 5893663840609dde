import type { Worker } from 'node:worker_threads';
import { messageOf, throwIfInterrupted } from '../../core/errors.js';
import type { Feeds, FromWorker, SessionSpec, ToWorker } from './messages.js';
import { startWorker } from './start-worker.js';

/** One run of the model. */
export interface Job {
  readonly feeds: Feeds;
  /** Takes the outputs, in the order the model declares them. */
  done(outputs: readonly Float32Array[]): void;
}

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
  readonly worker: Worker;
  readonly running: Map<number, StartedJob>;
  ready: boolean;
}

/**
 * Worker threads with a session each. Jobs are handed out one by one as workers come free, so that a long one delays no
 * other; what a job computes does not depend on which worker runs it.
 */
export class SessionPool {
  private readonly members = new Set<Member>();
  private readonly batches: Batch[] = [];
  private nextId = 0;
  private closed = false;

  private constructor(private readonly spec: SessionSpec) {}

  /** Starts the workers and waits until every session is open. */
  static async open(spec: SessionSpec, workers: number): Promise<SessionPool> {
    const pool = new SessionPool(spec);
    try {
      await Promise.all(Array.from({ length: workers }, () => pool.addMember()));
    } catch (error) {
      await pool.close();
      throw error;
    }
    return pool;
  }

  /**
   * Runs all jobs. They are drawn from the iterable when a worker is free for them, in its order.
   * @throws InterruptedError when the signal is raised, once the jobs that had been started are over
   * @throws Error when a job fails, or when it was on three workers that died
   */
  async run(jobs: Iterable<Job>, signal?: AbortSignal): Promise<void> {
    throwIfInterrupted(signal);
    if (this.closed) throw new Error('the model was closed');
    let onAbort: (() => void) | undefined;
    try {
      await new Promise<void>((resolve, reject) => {
        const batch: Batch = {
          jobs: jobs[Symbol.iterator](),
          again: [],
          exhausted: false,
          stopped: false,
          running: 0,
          settle: (error) => {
            const index = this.batches.indexOf(batch);
            if (index >= 0) this.batches.splice(index, 1);
            if (error === undefined) resolve();
            else reject(error);
          },
        };
        onAbort = () => {
          stop(batch);
          this.settleIfOver(batch);
        };
        signal?.addEventListener('abort', onAbort);
        this.batches.push(batch);
        this.handOut();
      });
    } finally {
      if (onAbort !== undefined) signal?.removeEventListener('abort', onAbort);
    }
    throwIfInterrupted(signal);
  }

  /** Ends the workers; the jobs of a run that is under way fail. */
  async close(): Promise<void> {
    this.closed = true;
    for (const batch of [...this.batches]) batch.settle(new Error('the model was closed'));
    await Promise.all([...this.members].map((member) => this.end(member)));
  }

  /** Asks a worker to end after what it is doing: ONNX Runtime does not bear being stopped within a run. */
  private async end({ worker }: Member): Promise<void> {
    const exited = new Promise<void>((resolve) => worker.once('exit', () => { resolve(); }));
    worker.ref();
    worker.postMessage({ kind: 'close' } satisfies ToWorker);
    await exited;
  }

  private addMember(): Promise<void> {
    return new Promise((resolve, reject) => {
      const member: Member = { worker: startWorker(this.spec), running: new Map(), ready: false };
      this.members.add(member);
      let lastError: unknown;
      member.worker.on('message', (message: FromWorker) => {
        if (message.kind === 'ready') {
          member.ready = true;
          member.worker.unref();
          resolve();
          this.handOut();
        } else if (message.kind === 'failed') reject(new Error(message.message));
        else this.finish(member, message);
      });
      member.worker.on('error', (error) => {
        lastError = error;
      });
      member.worker.on('exit', (code) => {
        this.members.delete(member);
        reject(new Error(`a worker thread ended while it was starting (${describe(lastError, code)})`));
        if (!this.closed && member.ready) this.replace(member, describe(lastError, code));
      });
    });
  }

  /** Gives the work of a worker that died to others, and starts another in its place. */
  private replace(member: Member, reason: string): void {
    for (const started of member.running.values()) {
      const { batch } = started;
      batch.running--;
      if (started.starts >= maxStarts)
        this.fail(batch, new Error(`a worker thread died ${maxStarts} times at the same work; the last time: ${reason}`));
      else if (!batch.stopped) batch.again.push(started);
      this.settleIfOver(batch);
    }
    member.running.clear();
    this.addMember().catch((error: unknown) => {
      if ([...this.members].some(({ ready }) => ready)) return;
      for (const batch of [...this.batches]) this.fail(batch, asError(error));
    });
    this.handOut();
  }

  private handOut(): void {
    for (let round = 0; round < jobsPerWorker; round++)
      for (const member of this.members) {
        if (!member.ready || member.running.size > round) continue;
        const started = this.nextJob();
        if (started === undefined) return;
        this.start(member, started);
      }
  }

  private start(member: Member, started: StartedJob): void {
    const id = this.nextId++;
    started.starts++;
    started.batch.running++;
    if (member.running.size === 0) member.worker.ref();
    member.running.set(id, started);
    member.worker.postMessage({ kind: 'run', id, feeds: started.job.feeds } satisfies ToWorker);
  }

  private nextJob(): StartedJob | undefined {
    for (const batch of [...this.batches]) {
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

  private finish(member: Member, message: Extract<FromWorker, { kind: 'done' | 'error' }>): void {
    const started = member.running.get(message.id);
    if (started === undefined) return;
    member.running.delete(message.id);
    if (member.running.size === 0) member.worker.unref();
    const { job, batch } = started;
    batch.running--;
    if (!batch.stopped) {
      if (message.kind === 'error') this.fail(batch, new Error(`the model failed: ${message.message}`));
      else {
        try {
          job.done(message.outputs);
        } catch (error) {
          this.fail(batch, asError(error));
        }
      }
    }
    this.settleIfOver(batch);
    this.handOut();
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

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(messageOf(error));
}

function describe(error: unknown, code: number): string {
  return error instanceof Error ? error.message : `exit code ${code}`;
}
