/**
 * What several threads that search different documents know together of each query's `limit`-th best score. Each tells of the
 * score that its first `share` documents reach, and `share` times threads is at least `limit`: so many documents have the
 * lowest of these scores or a better one.
 */
export class SharedBounds {
  readonly share: number;
  /** [threads, queries] */
  readonly #scores: Float32Array<SharedArrayBuffer>;
  readonly #thread: number;
  readonly #queries: number;

  /** @param scores as {@link noScores} makes them, the same memory in all threads */
  constructor(scores: Float32Array<SharedArrayBuffer>, thread: number, queries: number, limit: number) {
    this.share = Math.ceil(limit / (scores.length / queries));
    this.#scores = scores;
    this.#thread = thread;
    this.#queries = queries;
  }

  static noScores(threads: number, queries: number): Float32Array<SharedArrayBuffer> {
    return new Float32Array(new SharedArrayBuffer(4 * threads * queries)).fill(-Infinity);
  }

  /** Tells the others that `share` documents of this thread have the score or a better one. */
  tell(query: number, score: number): void {
    const at = this.#thread * this.#queries + query;
    if (score > this.#scores[at]!) this.#scores[at] = score;
  }

  /** A score that the best documents have at least. */
  boundOf(query: number): number {
    let bound = Infinity;
    for (let at = query; at < this.#scores.length; at += this.#queries) bound = Math.min(bound, this.#scores[at]!);
    return bound;
  }
}
