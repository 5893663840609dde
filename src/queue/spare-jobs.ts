import type { Queue } from 'bullmq';
import { spareId, type ShardJob } from './protocol.js';

/** A shard must have been in work for so much longer than any other took. */
const factor = 2;
/** And for at least so long; for much longer while no shard is finished, when nothing is known. */
const minimumMs = 5000;
const firstMs = 60_000;

export interface SpareJobsOptions {
  /** Instead of both, for tests with small shards. */
  readonly minimumMs?: number | undefined;
  /** Adds a job to the queue. */
  readonly add: (id: string, job: ShardJob) => Promise<void>;
}

/**
 * At the end of a run, when no job waits and workers are idle, a shard that takes unusually long is given to a second worker:
 * the first may be slow or hang. Whoever finishes first wins; both compute the same numbers.
 */
export class SpareJobs {
  readonly #queue: Queue<ShardJob>;
  readonly #options: SpareJobsOptions;
  readonly #activeSince = new Map<string, number>();
  /** Ids of jobs that have a spare one. */
  readonly #spared = new Set<string>();
  #longest: number | undefined;

  constructor(queue: Queue<ShardJob>, options: SpareJobsOptions) {
    this.#queue = queue;
    this.#options = options;
  }

  /** A worker has taken a job. */
  started(id: string): void {
    this.#activeSince.set(id, performance.now());
  }

  /** A job is done, by this or by its spare job. */
  finished(id: string): void {
    const since = this.#activeSince.get(id);
    if (since !== undefined) this.#longest = Math.max(this.#longest ?? 0, performance.now() - since);
    this.#activeSince.delete(id);
    this.#spared.delete(id);
  }

  /** The longest time that a shard has taken; 0 if none has been finished. */
  get longestMs(): number {
    return this.#longest ?? 0;
  }

  has(id: string): boolean {
    return this.#spared.has(id);
  }

  /** Adds spare jobs for idle workers. @param jobs that the run waits for */
  async add(jobs: ReadonlyMap<string, ShardJob>): Promise<void> {
    const { wait = 0, active = 0 } = await this.#queue.getJobCounts('wait', 'active');
    const comparisons = [...jobs.values()].filter(({ compareWith }) => compareWith !== null).length;
    if (wait > comparisons || active === 0) return;
    let idle = (await this.#queue.getWorkersCount()) - active;
    if (idle <= 0) return;
    for (const { id } of await this.#queue.getActive()) {
      if (id === undefined || this.#spared.has(id)) continue;
      const job = jobs.get(id);
      if (job?.compareWith !== null || idle === 0 || !this.#isOverdue(id)) continue;
      idle--;
      this.#spared.add(id);
      await this.#options.add(spareId(id), job);
    }
  }

  #isOverdue(id: string): boolean {
    const since = this.#activeSince.get(id);
    if (since === undefined) {
      this.started(id); // its event was lost
      return false;
    }
    const minimum = this.#options.minimumMs ?? minimumMs;
    const limit = this.#longest === undefined ? (this.#options.minimumMs ?? firstMs) : factor * this.#longest;
    return performance.now() - since > Math.max(minimum, limit);
  }
}
