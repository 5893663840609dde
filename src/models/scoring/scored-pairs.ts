import { InputError } from '../../core/errors.js';
import type { InputCounts } from '../../core/health.js';
import type { PairGroup } from '../../core/model.js';
import { excerpt } from '../../core/text.js';

/** Collects the scores of pairs, one array per group, and counts the pairs that the model does not read as a whole. */
export class ScoredPairs {
  readonly scores: Float32Array[];
  readonly #groups: readonly PairGroup[];
  #empty = 0;
  #truncated = 0;

  constructor(groups: readonly PairGroup[]) {
    this.scores = groups.map(({ queries }) => new Float32Array(queries.length));
    this.#groups = groups;
  }

  get counts(): InputCounts {
    return { empty: this.#empty, truncated: this.#truncated };
  }

  /** Counts pairs whose query has no token. */
  countEmpty(pairs: number): void {
    this.#empty += pairs;
  }

  /** Counts pairs that lost tokens to the model's longest input. */
  countTruncated(pairs: number): void {
    this.#truncated += pairs;
  }

  /**
   * Stores the score of a pair.
   * @throws InputError for a score that is not finite
   */
  set(group: number, query: number, score: number): void {
    if (!Number.isFinite(score)) {
      const { document, queries } = this.#groups[group]!;
      throw new InputError(
        `the model's score of the query "${excerpt(queries[query]!)}" with the document "${excerpt(document)}" is ${score}; ` +
          'its weights are damaged, or its numbers exceed their format',
      );
    }
    this.scores[group]![query] = score;
  }
}
