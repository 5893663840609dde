import { InputError } from '../core/errors.js';
import type { Progress } from '../core/progress.js';
import type { Refusal } from './protocol.js';

/** Jobs of a run that workers have given back, because they cannot do them. */
export class JobRefusals {
  readonly #progress: Progress;
  readonly #minutes: number;
  readonly #jobs = new Map<string, readonly Refusal[]>();
  /** Refusals that the user has seen: a worker refuses many jobs for the same reason. */
  readonly #reported = new Set<string>();
  #lastPoll = performance.now();
  /** How long there has been a job that every worker had refused, while no shard was done. */
  #blockedMs = 0;

  /** @param minutes a run with a job that every worker refuses ends after this time, as another worker may come */
  constructor(progress: Progress, minutes: number) {
    this.#progress = progress;
    this.#minutes = minutes;
  }

  /** Records the refusals of a job. */
  record(id: string, refusals: readonly Refusal[]): void {
    if (refusals.length > 0) this.#jobs.set(id, refusals);
    for (const { worker, reason } of refusals) {
      const sentence = `worker ${worker} cannot do its part: ${reason}`;
      if (!this.#reported.has(sentence)) this.#progress.note(sentence);
      this.#reported.add(sentence);
    }
  }

  /** A job was done, so there is a worker that fits the run. */
  done(id: string): void {
    this.#jobs.delete(id);
    this.#blockedMs = 0;
  }

  /**
   * Looks for a job that every worker has refused.
   * @param present names of the workers that are connected
   * @returns an error if the run should give up
   */
  poll(present: ReadonlySet<string>): InputError | undefined {
    const now = performance.now();
    const elapsed = now - this.#lastPoll;
    this.#lastPoll = now;
    const blocked = [...this.#jobs.values()].find((refusals) => isRefusedByAll(refusals, present));
    if (blocked === undefined) return undefined;
    if (this.#blockedMs === 0)
      this.#progress.note(
        `every worker has refused a part of the run; it ends in ${this.#minutes} minutes unless another worker comes`,
      );
    this.#blockedMs += elapsed;
    if (this.#blockedMs < this.#minutes * 60_000) return undefined;
    const { worker, reason } = blocked.at(-1)!;
    return new InputError(
      `for ${this.#minutes} minutes no worker could do a part of the run; ${worker} says: ${reason}; finished work is kept, ` +
        'run the same command to go on',
    );
  }
}

/** True if each of these workers has refused the job. */
export function isRefusedByAll(refusals: readonly Refusal[], workers: Iterable<string>): boolean {
  const names = new Set(refusals.map(({ worker }) => worker));
  return [...workers].every((worker) => names.has(worker));
}
