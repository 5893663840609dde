import type { ChildProcess } from 'node:child_process';
import type { StartedJob } from './job-group.js';
import type { FromWorker, SessionSpec, ToWorker } from './messages.js';
import { secondsFor, secondsToOpen, type ProgressLimit } from './progress-limit.js';
import { startWorker } from './start-worker.js';

export type Answer = Extract<FromWorker, { kind: 'done' | 'error' }>;

/** What a pool hears of its workers. */
export interface WorkerEvents {
  ready(worker: PoolWorker): void;
  answered(started: StartedJob, answer: Answer): void;
  /** The process has ended, or could not be started. */
  ended(worker: PoolWorker, reason: string): void;
}

/** After a timeout, so much more time for answers that have come but were not read, because this process was stopped, too. */
const graceMs = 500;

/**
 * A worker process with one session. It is killed if it has work and is silent for too long, as when it was stopped or
 * waits for a device that hangs.
 */
export class PoolWorker {
  /** Jobs that were sent to the process, oldest first. */
  readonly running = new Map<number, StartedJob>();
  ready = false;
  /** Peak of its resident memory. */
  peakBytes = 0;
  readonly #child: ChildProcess;
  readonly #limit: ProgressLimit;
  readonly #events: WorkerEvents;
  #timer: NodeJS.Timeout | undefined;
  /** The reason why this process was killed, if it was. */
  #killedFor: string | undefined;
  /** What the process, or the attempt to start it, reported as the reason why there is no session. */
  #fault: string | undefined;

  constructor(spec: SessionSpec, limit: ProgressLimit, events: WorkerEvents) {
    this.#limit = limit;
    this.#events = events;
    this.#child = startWorker();
    this.#child.on('message', (message: FromWorker) => {
      this.#receive(message);
    });
    this.#child.on('error', (error) => {
      this.#fault = error.message;
      // Without a pid, the process has not started, and no 'exit' event follows.
      if (this.#child.pid === undefined) this.#end(error.message);
    });
    this.#child.on('exit', (code, signal) => {
      this.#end(this.#killedFor ?? causeOfExit(code, signal));
    });
    this.#send({ kind: 'open', spec });
    this.#expectProgress(secondsToOpen(limit));
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** The reason why the process opened no session; undefined if it just ended. */
  get fault(): string | undefined {
    return this.#fault;
  }

  start(id: number, started: StartedJob): void {
    const idle = this.running.size === 0;
    this.running.set(id, started);
    if (idle) this.#keepAlive(true);
    const { feeds } = started.job;
    this.#send({ kind: 'run', id, feeds });
    if (idle) this.#expectProgress(secondsFor(this.#limit, [feeds]));
  }

  /** Ends the process. */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.ref();
    this.#child.kill('SIGKILL');
    await exited;
  }

  #receive(message: FromWorker): void {
    clearTimeout(this.#timer);
    if (message.kind === 'ready') {
      this.ready = true;
      this.#keepAlive(false);
      this.#events.ready(this);
    } else if (message.kind === 'failed') {
      this.#fault = message.message;
      this.#child.disconnect();
    } else this.#finish(message);
  }

  #finish(answer: Answer): void {
    const started = this.running.get(answer.id);
    if (started === undefined) return;
    this.running.delete(answer.id);
    if (answer.kind === 'done') this.peakBytes = answer.peakBytes;
    if (this.running.size === 0) this.#keepAlive(false);
    else
      this.#expectProgress(
        secondsFor(
          this.#limit,
          [...this.running.values()].map(({ job }) => job.feeds),
        ),
      );
    this.#events.answered(started, answer);
  }

  /** Kills the process unless it sends something within this time. */
  #expectProgress(seconds: number): void {
    clearTimeout(this.#timer);
    const kill = (): void => {
      this.#killedFor = `no answer for ${Math.round(seconds)} s`;
      this.#child.kill('SIGKILL');
    };
    const onTimeout = (): void => {
      this.#timer = setTimeout(kill, graceMs).unref();
    };
    // Node's timers hold at most 2^31 ms.
    this.#timer = setTimeout(onTimeout, Math.min(seconds * 1000, 2 ** 31 - 1)).unref();
  }

  #end(reason: string): void {
    clearTimeout(this.#timer);
    this.#events.ended(this, reason);
  }

  #send(message: ToWorker): void {
    // An error means that the process has ended; the listener of 'exit' deals with that.
    this.#child.send(message, () => undefined);
  }

  /** Makes this process stay alive as long as the worker does, or not. */
  #keepAlive(yes: boolean): void {
    if (yes) {
      this.#child.ref();
      this.#child.channel?.ref();
    } else {
      this.#child.unref();
      this.#child.channel?.unref();
    }
  }
}

function causeOfExit(code: number | null, signal: string | null): string {
  if (signal === null) return `exit code ${code}`;
  return signal === 'SIGKILL' ? 'killed, perhaps for lack of memory' : `ended by ${signal}`;
}
