/** Comparisons that are all that a run waits for may take this long, or so many times as long as the longest shard. */
const minimumMs = 10_000;
const factor = 4;

/** What is known of the queue while a comparison is waited for. */
export interface ComparisonLook {
  /** True if there is no worker that could do it. */
  readonly isAlone: boolean;
  /** True if the run waits for nothing but comparisons. */
  readonly isLast: boolean;
  /** The longest time that a shard has taken; 0 if that is not known. */
  readonly longestMs: number;
}

/** Decides how long a run waits for a comparison: the second worker may have left, or hang. */
export class ComparisonPatience {
  #looksAlone = 0;
  #lastSince: number | undefined;

  /** True if the run should go on without the comparison. Called at each look. */
  isOver({ isAlone, isLast, longestMs }: ComparisonLook): boolean {
    this.#looksAlone = isAlone ? this.#looksAlone + 1 : 0;
    this.#lastSince = isLast ? (this.#lastSince ?? performance.now()) : undefined;
    // One look alone is not enough: a worker may just be reconnecting.
    if (this.#looksAlone >= 2) return true;
    return (
      this.#lastSince !== undefined && performance.now() - this.#lastSince > Math.max(minimumMs, factor * longestMs)
    );
  }
}
