import { DelayedError, UnrecoverableError, type Job } from 'bullmq';
import { InputError } from '../core/errors.js';
import type { Progress } from '../core/progress.js';
import type { JobTaker } from './job-taker.js';
import { jobSchema, parseQueued, type ShardJob } from './protocol.js';
import { JobRefusal } from './refusals.js';

/** Delay before a job that was given back can be taken again, by any worker. */
const delayMs = 500;
/** Pause of a worker after its first refusal in a row; it doubles up to the maximum, so that others get the jobs. */
const firstPauseMs = 500;
const maxPauseMs = 30_000;
/** A worker gives back a job that it has refused without looking at it again for this long: its files may change. */
const rememberMs = 30_000;
/** A job that was refused for so long fails for good; a run that waits for it has given up long before. */
const maxRefusedMs = 3_600_000;

/** Jobs that this worker cannot do, and gives back to the queue for others. */
export class GivenBack {
  #pauseMs = firstPauseMs;
  #last: JobRefusal | undefined;

  /** @param worker this worker's name */
  constructor(
    private readonly worker: string,
    private readonly progress: Progress,
  ) {}

  /** @throws JobRefusal for a job that this worker has just refused, or must not do: the comparison with itself */
  requireUnrefused({ refusals, compareWith }: ShardJob): void {
    const own = refusals.find(({ worker }) => worker === this.worker);
    if (own !== undefined && Date.now() - own.at < rememberMs) throw new JobRefusal(own.reason);
    if (compareWith === this.worker) throw new JobRefusal('this worker has computed the shard that is to be compared');
  }

  /** This worker is of use to the run. */
  jobDone(): void {
    this.#pauseMs = firstPauseMs;
    this.#last = undefined;
  }

  /** Why the last job was given back, unless one was done since. */
  lastReason(): InputError | undefined {
    return this.#last === undefined ? undefined : new InputError(this.#last.detail);
  }

  /** Adds the refusal to the job, and puts the job back into the queue. Always throws, as BullMQ requires. */
  async giveBack(refusal: JobRefusal, taker: JobTaker, job: Job<unknown>, token: string | undefined): Promise<never> {
    const data = parseQueued(jobSchema, job.data, 'a job');
    if (data.compareWith !== this.worker) {
      await this.#record(refusal, data, job);
      await taker.pause(this.#pauseMs);
      this.#pauseMs = Math.min(2 * this.#pauseMs, maxPauseMs);
    }
    await job.moveToDelayed(Date.now() + delayMs, token);
    throw new DelayedError();
  }

  async #record(refusal: JobRefusal, data: ShardJob, job: Job<unknown>): Promise<void> {
    if (this.#last?.message !== refusal.message) {
      this.progress.note(`a job was given back: ${refusal.detail}`);
      this.#last = refusal;
    }
    const now = Date.now();
    if (data.refusals.some(({ since }) => now - since > maxRefusedMs)) throw new UnrecoverableError(refusal.message);
    const own = data.refusals.find(({ worker }) => worker === this.worker);
    if (own !== undefined && now - own.at < rememberMs) return;
    const others = data.refusals.filter((other) => other !== own);
    const mine = { worker: this.worker, reason: refusal.message, since: own?.since ?? now, at: now };
    await job.updateData({ ...data, refusals: [...others, mine] });
  }
}
