/**
 * A lower limit of each query's `limit`-th best score, from threads that search different documents. Each thread publishes
 * the score that its best `quota` documents reach. As `quota` times the number of threads is at least `limit`, `limit`
 * documents reach the lowest of the published scores.
 */
export class SharedBounds {
  readonly quota: number;
  /** [threads, queries] */
  readonly #scores: Float32Array<SharedArrayBuffer>;
  readonly #thread: number;
  readonly #queries: number;

  /** @param scores from {@link noScores}, the same memory in all threads */
  constructor(scores: Float32Array<SharedArrayBuffer>, thread: number, queries: number, limit: number) {
    this.quota = Math.ceil(limit / (scores.length / queries));
    this.#scores = scores;
    this.#thread = thread;
    this.#queries = queries;
  }

  static noScores(threads: number, queries: number): Float32Array<SharedArrayBuffer> {
    return new Float32Array(new SharedArrayBuffer(4 * threads * queries)).fill(-Infinity);
  }

  /** Publishes that at least `quota` documents of this thread reach this score. */
  publish(query: number, score: number): void {
    const at = this.#thread * this.#queries + query;
    if (score > this.#scores[at]!) this.#scores[at] = score;
  }

  /** A score that the `limit` best documents reach. */
  boundOf(query: number): number {
    let bound = Infinity;
    for (let at = query; at < this.#scores.length; at += this.#queries) bound = Math.min(bound, this.#scores[at]!);
    return bound;
  }
}
