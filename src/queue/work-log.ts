import type { WorkReport } from '../core/shards.js';
import type { ShardResult } from './protocol.js';

/** Who computed the shards of one system on one task, and which shards are to be computed twice. */
export class WorkLog {
  readonly #share: number;
  readonly #build: string;
  readonly #workers = new Map<string, { readonly processor: string; shards: number }>();
  #computed = 0;
  #comparing = 0;
  #compared = 0;
  #differing = 0;
  #largestDifference = 0;

  /** @param share of the shards to compare, from 0 to 1 */
  constructor(share: number, build: string) {
    this.#share = share;
    this.#build = build;
  }

  /** Adds a shard that was computed and stored. */
  add({ worker, processor, computed }: ShardResult): void {
    if (!computed) return;
    this.#computed++;
    const shards = (this.#workers.get(worker)?.shards ?? 0) + 1;
    this.#workers.set(worker, { processor, shards });
  }

  /**
   * True if a shard belongs to the sample. That follows from its key, which is a hash, so that a repeated run compares the
   * same shards; and as long as nothing was compared, any shard belongs to it.
   */
  isSampled(key: string): boolean {
    if (this.#share === 0) return false;
    return this.#compared + this.#comparing === 0 || parseInt(key.slice(0, 8), 16) < this.#share * 2 ** 32;
  }

  /** Counts a comparison while it goes on. @param compare returns the largest difference; null if no worker was there for it */
  async compared(compare: () => Promise<number | null>): Promise<void> {
    this.#comparing++;
    try {
      const difference = await compare();
      if (difference === null) return;
      this.#compared++;
      if (difference > 0) this.#differing++;
      this.#largestDifference = Math.max(this.#largestDifference, difference);
    } finally {
      this.#comparing--;
    }
  }

  report(): WorkReport {
    const workers = [...this.#workers].map(([name, { processor, shards }]) => ({ name, processor, shards }));
    return {
      workers: workers.sort((a, b) => (a.name < b.name ? -1 : 1)),
      build: this.#build,
      compared: this.#compared,
      differing: this.#differing,
      largestDifference: this.#largestDifference,
    };
  }

  /** A sentence about the comparisons; undefined if no shard was computed, or none was to be compared. */
  summary(): string | undefined {
    if (this.#computed === 0 || this.#share === 0) return undefined;
    if (this.#compared === 0)
      return `none of ${this.#computed} shards was computed a second time to be compared, as no second worker was there and free`;
    const outcome =
      this.#differing === 0
        ? 'all bits are equal'
        : `${this.#differing} differ in the last bits, by at most ${this.#largestDifference.toExponential(0)}`;
    return `${this.#compared} of ${this.#computed} shards were computed by a second worker, too: ${outcome}`;
  }
}
