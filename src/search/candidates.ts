import { entryOf, mostPlaces, placeOf, scoreOf } from './score-order.js';
import { select } from './select.js';

/** Documents of one block that may be among the best, by query: query q's are those from `starts[q]` to `starts[q + 1]`. */
export interface Found {
  readonly starts: Uint32Array;
  /** Rows within the block, and their scores: best first within a query; of equal scores, in any order. */
  readonly rows: Uint16Array;
  readonly scores: Float32Array;
}

/**
 * The best rows of a block for some queries. A query keeps its `limit` best and whatever equals the last of them: which of
 * equal scores to take is decided by ids, which are not known here. Memory: 8 bytes times queries times rows (an entry of score-order.ts each).
 */
export class Candidates {
  /** By query: a document with a lower score is not among the best. Read by the scan over all scores. */
  readonly bounds: Float32Array;
  readonly #limit: number;
  readonly #rows: number;
  readonly #entries: Float64Array;
  readonly #counts: Uint32Array;
  /** By query: how many entries there may be before all but the best are dropped. */
  readonly #room: Uint32Array;

  constructor(queries: number, rows: number, limit: number) {
    this.#limit = limit;
    this.#rows = rows;
    this.bounds = new Float32Array(queries);
    this.#entries = new Float64Array(queries * rows);
    this.#counts = new Uint32Array(queries);
    this.#room = new Uint32Array(queries);
  }

  /** Starts a block anew. @param bounds what is known of each query beforehand */
  reset(bounds: Float32Array): void {
    this.bounds.set(bounds);
    this.#counts.fill(0);
    this.#room.fill(3 * this.#limit);
  }

  /** @param score a float32, not below the query's bound */
  add(query: number, row: number, score: number): void {
    const count = this.#counts[query]!;
    this.#entries[query * this.#rows + count] = entryOf(score, row);
    this.#counts[query] = count + 1;
    if (count + 1 < this.#room[query]!) return;
    const kept = this.#keepBest(query);
    this.#room[query] = Math.max(3 * this.#limit, 2 * kept);
  }

  /** What was kept of the first `queries` queries. */
  drain(queries: number): Found {
    const starts = new Uint32Array(queries + 1);
    for (let q = 0; q < queries; q++) starts[q + 1] = starts[q]! + this.#keepBest(q);
    const rows = new Uint16Array(starts[queries]!);
    const scores = new Float32Array(starts[queries]!);
    for (let q = 0, slot = 0; q < queries; q++) {
      const start = q * this.#rows;
      const sorted = this.#entries.subarray(start, start + this.#counts[q]!).sort();
      for (let i = 0; i < sorted.length; i++, slot++) {
        rows[slot] = placeOf(sorted[i]!);
        scores[slot] = scoreOf(sorted[i]!);
      }
    }
    return { starts, rows, scores };
  }

  /** Drops a query's entries below the `limit`-th score. @returns how many are left, in any order */
  #keepBest(query: number): number {
    const count = this.#counts[query]!;
    if (count <= this.#limit) return count;
    const start = query * this.#rows;
    const last = start + this.#limit - 1;
    const entries = this.#entries;
    select(entries, start, start + count - 1, last);
    const bound = scoreOf(entries[last]!);
    const end = entryOf(bound, 0) + mostPlaces; // entries below this have the score or a better one
    let kept = last + 1;
    for (let i = kept; i < start + count; i++) if (entries[i]! < end) entries[kept++] = entries[i]!;
    this.bounds[query] = bound;
    return (this.#counts[query] = kept - start);
  }
}
