/** Bins per query. */
const bins = 64;
/** Bins between the lowest and the best score at the start; the others are for better scores to come. */
const firstBins = 48;
const notStarted = 255;

/**
 * Per-query histogram of scores: after each `add` it knows a score that at least `quota` documents reach, without looking
 * at the earlier scores again. It counts scores by their order (score-order.ts), an integer, so that bin limits are exact.
 */
export class ScoreHistogram {
  readonly #quota: number;
  /** By query: the order at which bin 0 starts, and the base-2 logarithm of a bin's width. */
  readonly #bases: Int32Array;
  readonly #shifts: Uint8Array;
  /** By query: the highest bin with at least `quota` scores in it or above, and the number of scores above it. */
  readonly #reached: Uint8Array;
  readonly #above: Uint32Array;
  /** [queries, bins] */
  readonly #counts: Uint32Array;

  constructor(queries: number, quota: number) {
    this.#quota = quota;
    this.#bases = new Int32Array(queries);
    this.#shifts = new Uint8Array(queries).fill(notStarted);
    this.#reached = new Uint8Array(queries);
    this.#above = new Uint32Array(queries);
    this.#counts = new Uint32Array(queries * bins);
  }

  /** Resets a query. @param lowest the order where bin 0 starts; lower scores are ignored @param best the best order so far */
  start(query: number, lowest: number, best: number): void {
    this.#bases[query] = lowest;
    let shift = 0;
    while ((best - lowest) / 2 ** shift >= firstBins) shift++;
    this.#shifts[query] = shift;
    this.#reached[query] = 0;
    this.#above[query] = 0;
    this.#counts.fill(0, query * bins, (query + 1) * bins);
  }

  /** Counts a score. @returns true if `quota` scores now reach a higher bin */
  add(query: number, order: number): boolean {
    const shift = this.#shifts[query]!;
    const height = order - this.#bases[query]!;
    if (shift === notStarted || height < 0) return false;
    const bin = Math.min(bins - 1, height >>> shift);
    this.#counts[query * bins + bin]!++;
    if (bin <= this.#reached[query]! || ++this.#above[query]! < this.#quota) return false;
    do this.#above[query]! -= this.#counts[query * bins + ++this.#reached[query]!]!;
    while (this.#above[query]! >= this.#quota);
    return true;
  }

  /** An order that at least `quota` scores reach. Valid only after `add` returned true. */
  height(query: number): number {
    return this.#bases[query]! + this.#reached[query]! * 2 ** this.#shifts[query]!;
  }
}
