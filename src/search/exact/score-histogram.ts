/** Heights told apart. */
const bins = 64;
/** Bins between the lowest and the best score at the start; those above are for better ones. */
const firstBins = 48;
const notStarted = 255;

/**
 * For each of some queries, how many scores there were of which height: so that with every score it is known which height
 * `share` of them reach, without looking at the others again. Scores go by their order (score-order.ts), whole numbers,
 * so that a height is exact: all scores counted there reach it.
 */
export class ScoreHistogram {
  readonly #share: number;
  /** By query: the order at which bin 0 starts, and the bits of an order below its bin's number. */
  readonly #bases: Int32Array;
  readonly #shifts: Uint8Array;
  /** By query: the highest bin such that `share` scores are in it or above, and how many are above it. */
  readonly #reached: Uint8Array;
  readonly #above: Uint32Array;
  /** [queries, bins] */
  readonly #counts: Uint32Array;

  constructor(queries: number, share: number) {
    this.#share = share;
    this.#bases = new Int32Array(queries);
    this.#shifts = new Uint8Array(queries).fill(notStarted);
    this.#reached = new Uint8Array(queries);
    this.#above = new Uint32Array(queries);
    this.#counts = new Uint32Array(queries * bins);
  }

  /** Starts a query anew, with no scores. @param lowest an order; scores below it are not counted @param best of those known */
  start(query: number, lowest: number, best: number): void {
    this.#bases[query] = lowest;
    let shift = 0;
    while ((best - lowest) / 2 ** shift >= firstBins) shift++;
    this.#shifts[query] = shift;
    this.#reached[query] = 0;
    this.#above[query] = 0;
    this.#counts.fill(0, query * bins, (query + 1) * bins);
  }

  /** Counts a score. @returns whether `share` scores reach a new height by now */
  add(query: number, order: number): boolean {
    const shift = this.#shifts[query]!;
    const height = order - this.#bases[query]!;
    if (shift === notStarted || height < 0) return false;
    const bin = Math.min(bins - 1, height >>> shift);
    this.#counts[query * bins + bin]!++;
    if (bin <= this.#reached[query]! || ++this.#above[query]! < this.#share) return false;
    do this.#above[query]! -= this.#counts[query * bins + ++this.#reached[query]!]!;
    while (this.#above[query]! >= this.#share);
    return true;
  }

  /** The order that `share` scores have at least. Only after `add` said so. */
  height(query: number): number {
    return this.#bases[query]! + this.#reached[query]! * 2 ** this.#shifts[query]!;
  }
}
