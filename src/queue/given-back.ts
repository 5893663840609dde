import { DelayedError, UnrecoverableError, type Job } from 'bullmq';
import { InputError } from '../core/errors.js';
import type { Progress } from '../core/progress.js';
import { jobSchema, parseQueued, type ShardJob } from './protocol.js';
import { JobRefusal } from './refusals.js';

/**
 * Delay before a job that was given back can be taken again, by any worker. It doubles each time that this worker gets the
 * job again, up to the maximum, so that jobs that nobody can do leave time for others.
 */
const firstDelayMs = 500;
const maxDelayMs = 5000;
/** A worker gives back a job that it has refused without looking at it again for this long: its files may change. */
const rememberMs = 30_000;
/** A job that was refused for so long fails for good; a run that waits for it has given up long before. */
const maxRefusedMs = 3_600_000;
/** Jobs whose delays are remembered. */
const maxRemembered = 10_000;

/** Jobs that this worker cannot do, and gives back to the queue for others. */
export class GivenBack {
  readonly #delays = new Map<string, number>();
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

  /** Why this worker last gave a job back. */
  lastReason(): InputError | undefined {
    return this.#last === undefined ? undefined : new InputError(this.#last.detail);
  }

  /** Adds the refusal to the job, and puts the job back into the queue. Always throws, as BullMQ requires. */
  async giveBack(refusal: JobRefusal, job: Job<unknown>, token: string | undefined): Promise<never> {
    const data = parseQueued(jobSchema, job.data, 'a job');
    let delay = firstDelayMs;
    if (data.compareWith !== this.worker) {
      await this.#record(refusal, data, job);
      delay = this.#delayOf(job.id ?? '');
    }
    await job.moveToDelayed(Date.now() + delay, token);
    throw new DelayedError();
  }

  #delayOf(id: string): number {
    const delay = this.#delays.get(id) ?? firstDelayMs;
    if (this.#delays.size >= maxRemembered) this.#delays.clear();
    this.#delays.set(id, Math.min(2 * delay, maxDelayMs));
    return delay;
  }

  async #record(refusal: JobRefusal, data: ShardJob, job: Job<unknown>): Promise<void> {
    const now = Date.now();
    if (data.refusals.some(({ since }) => now - since > maxRefusedMs)) throw new UnrecoverableError(refusal.message);
    const own = data.refusals.find(({ worker }) => worker === this.worker);
    if (own !== undefined && now - own.at < rememberMs) return;
    if (this.#last?.message !== refusal.message) this.progress.note(`a job was given back: ${refusal.detail}`);
    this.#last = refusal;
    const others = data.refusals.filter((other) => other !== own);
    const mine = { worker: this.worker, reason: refusal.message, since: own?.since ?? now, at: now };
    await job.updateData({ ...data, refusals: [...others, mine] });
  }
}
