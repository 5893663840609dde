import { setTimeout as sleep } from 'node:timers/promises';
import { ErrorCode, Worker, type Job } from 'bullmq';
import type { Progress } from '../core/progress.js';
import { reasonOf, reconnecting, type QueueAddress } from './address.js';
import { queueName, queuePrefix, type ShardResult } from './protocol.js';

/** After this many workers died over a shard, the shard is the suspect. */
const maxStalls = 10;
/** Time for the current job to stop; Redis may be down. */
const closeTimeoutMs = 10_000;

export interface JobTakerOptions {
  readonly address: QueueAddress;
  readonly lockSeconds: number;
  readonly progress: Progress;
}

/** What takes jobs from the queue. */
export interface JobTaker {
  /** Takes no more jobs; the current one goes on. */
  stop(): Promise<void>;
}

type Process = (taker: JobTaker, job: Job<unknown>, token: string | undefined) => Promise<ShardResult | null>;

/**
 * Takes jobs from the queue, one at a time, and renews their locks, until `stop` is aborted.
 * @param name of this worker, unique among the queue's workers
 */
export async function takeJobs(
  options: JobTakerOptions,
  name: string,
  stop: AbortSignal,
  process: Process,
): Promise<void> {
  const { address, lockSeconds } = options;
  const report = new ConnectionReport(options);
  const worker: Worker<unknown, ShardResult | null> = new Worker<unknown, ShardResult | null>(
    queueName,
    async (job, token) => {
      report.jobStarts();
      const result = await process(taker, job, token);
      report.answered();
      return result;
    },
    {
      connection: reconnecting(address.options, stop),
      prefix: queuePrefix,
      name,
      lockDuration: lockSeconds * 1000,
      stalledInterval: lockSeconds * 1000,
      maxStalledCount: maxStalls,
      runRetryDelay: 1000,
    },
  );
  const taker: JobTaker = { stop: () => worker.pause(true) };
  worker.on('error', (error) => {
    report.fault(error);
  });
  await new Promise<void>((resolve) => {
    stop.addEventListener('abort', () => {
      resolve();
    });
  });
  // Waits for the current job, which stops at the same signal.
  await Promise.race([worker.close(), sleep(closeTimeoutMs, undefined, { ref: false })]);
}

/** Tells the user of lost locks and connections, once each. */
class ConnectionReport {
  /** The current shard's lock expired, and another worker got the shard. */
  #lockExpired = false;
  #connected = true;

  constructor(private readonly options: JobTakerOptions) {}

  jobStarts(): void {
    this.#lockExpired = false;
  }

  answered(): void {
    this.#connected = true;
  }

  /** Reports an error. After an expired lock the work goes on: the other worker computes the same numbers. */
  fault(error: Error): void {
    const { progress, address, lockSeconds } = this.options;
    if (!isLostLock(error)) {
      if (this.#connected) progress.note(`${address.shown}: ${reasonOf(error, address.options)}; trying again`);
      this.#connected = false;
      return;
    }
    if (this.#lockExpired) return;
    this.#lockExpired = true;
    progress.note(
      `${address.shown}: this worker was silent for more than ${lockSeconds} s (--lock), ` +
        'so its shard went to another worker; continuing',
    );
  }
}

/** BullMQ's errors for a job that another worker has taken over or finished. */
function isLostLock(error: Error): boolean {
  const codes: unknown[] = [
    ErrorCode.JobNotExist,
    ErrorCode.JobLockNotExist,
    ErrorCode.JobNotInState,
    ErrorCode.JobLockMismatch,
  ];
  return ('code' in error && codes.includes(error.code)) || error.message.startsWith('could not renew lock');
}
