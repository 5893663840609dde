import type { Matrix } from '../../core/model.js';
import type { ScoreRows } from './score-rows.js';

/** Similarities that are negative distances. */
export type Distance = 'euclidean' | 'manhattan';

/** Longer vectors are refused: the sum of their squares, times some thousand dimensions, would overflow float32. */
export const longestVector = 1e18;

/** Dimensions that are summed before the sum is compared with the limit again. */
const step = 32;
const allMisses = 0x01010101;

/**
 * Computes distances to the queries of one batch exactly: summed in double precision, then rounded to float32. A matrix
 * product cannot do that: |q|² + |d|² - 2qd of two near vectors is a small difference of large numbers. So the product only
 * rules out documents that are certainly too far away (exact-graph.ts); what it leaves comes here. A sum ends early as soon
 * as it exceeds the distance that the query's best documents have.
 */
export class DistanceRows {
  readonly #sum: (query: Float32Array, document: Float32Array, limit: number) => number;
  readonly #queries: readonly Float32Array[];
  readonly #squared: boolean;

  /** @param queries the batch's part of all queries: number of the first one, and their count */
  constructor(
    distance: Distance,
    { columns, data }: Matrix,
    queries: { readonly first: number; readonly count: number },
  ) {
    this.#squared = distance === 'euclidean';
    this.#sum = this.#squared ? squaredDifferences : absoluteDifferences;
    this.#queries = Array.from({ length: queries.count }, (_, i) => {
      const start = (queries.first + i) * columns;
      return data.subarray(start, start + columns);
    });
  }

  /**
   * Replaces the upper limits of a row's scores by the scores. A document that is too far away counts as a miss.
   * @param document the vector of the row
   * @param bounds by query: the score that a document must reach
   */
  refine({ values, misses, fourMisses }: ScoreRows, row: number, document: Float32Array, bounds: Float32Array): void {
    const start = row * bounds.length;
    for (let at = start; at < start + bounds.length; at += 4) {
      if (fourMisses[at >> 2] === allMisses) continue;
      for (let i = at; i < at + 4; i++) {
        if (misses[i] !== 0) continue;
        const bound = bounds[i - start]!;
        const query = this.#queries[i - start];
        if (query === undefined || values[i]! < bound) misses[i] = 1;
        else {
          // A little more than the bound's distance, because the bound is a rounded score.
          const limit = (this.#squared ? bound * bound : -bound) * (1 + 1e-6);
          const sum = this.#sum(query, document, limit);
          values[i] = -(this.#squared ? Math.sqrt(sum) : sum);
          if (sum > limit) misses[i] = 1;
        }
      }
    }
  }
}

/** Σ (qᵢ - dᵢ)², or a part of it above the limit. */
function squaredDifferences(query: Float32Array, document: Float32Array, limit: number): number {
  let sum = 0;
  for (let first = 0; first < query.length; first += step) {
    const end = Math.min(query.length, first + step);
    for (let i = first; i < end; i++) {
      const difference = query[i]! - document[i]!;
      sum += difference * difference;
    }
    if (sum > limit) break;
  }
  return sum;
}

/** Σ |qᵢ - dᵢ|, or a part of it above the limit. */
function absoluteDifferences(query: Float32Array, document: Float32Array, limit: number): number {
  let sum = 0;
  for (let first = 0; first < query.length; first += step) {
    const end = Math.min(query.length, first + step);
    for (let i = first; i < end; i++) sum += Math.abs(query[i]! - document[i]!);
    if (sum > limit) break;
  }
  return sum;
}
