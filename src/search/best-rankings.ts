import { compareScored, type Ranking } from '../core/run.js';
import { compareCodePoints } from '../core/text.js';
import type { Found } from './candidates.js';
import { entryOf, placeOf, scoreOf } from './score-order.js';

/** The best documents so far of each query, from what is found in one block after another. */
export class BestRankings {
  /** By query: what a document must score at least to be among the best. Shared with the threads that search. */
  readonly bounds: Float32Array<SharedArrayBuffer>;
  readonly #best: BestRanking[];

  constructor(queries: number, topK: number) {
    this.bounds = new Float32Array(new SharedArrayBuffer(4 * queries)).fill(-Infinity);
    this.#best = Array.from({ length: queries }, () => new BestRanking(topK));
  }

  /** @param ids of the block's rows */
  add({ starts, rows, scores }: Found, ids: readonly string[]): void {
    for (const [q, best] of this.#best.entries()) {
      best.add(ids, rows, scores, starts[q]!, starts[q + 1]!);
      this.bounds[q] = best.bound;
    }
  }

  finish(): Ranking[] {
    return this.#best.map((best) => best.finish());
  }
}

/** Documents that may wait to be merged. */
const mostNew = 1 << 16;

/** A sorted ranking, and documents found since that are not merged into it yet: merging a few at a time costs too much. */
class BestRanking {
  bound = -Infinity;
  readonly #topK: number;
  #ranking: Ranking = { ids: [], scores: new Float32Array(0) };
  #newIds: string[] = [];
  #newScores: number[] = [];

  constructor(topK: number) {
    this.#topK = topK;
  }

  add(ids: readonly string[], rows: Uint16Array, scores: Float32Array, start: number, end: number): void {
    for (let i = start; i < end; i++) {
      if (scores[i]! < this.bound) break;
      this.#newIds.push(ids[rows[i]!]!);
      this.#newScores.push(scores[i]!);
    }
    if (this.#newIds.length >= Math.min(this.#topK / 2, mostNew) || this.#ranking.ids.length < this.#topK)
      this.#mergeNew();
  }

  finish(): Ranking {
    this.#mergeNew();
    return this.#ranking;
  }

  #mergeNew(): void {
    if (this.#newIds.length === 0) return;
    this.#ranking = merge(this.#ranking, inOrder(this.#newIds, this.#newScores), this.#topK);
    [this.#newIds, this.#newScores] = [[], []];
    if (this.#ranking.ids.length === this.#topK) this.bound = this.#ranking.scores[this.#topK - 1]!;
  }
}

/** As core's `rank`, but the comparator is asked about equal scores only. */
function inOrder(ids: readonly string[], scores: readonly number[]): Ranking {
  const entries = Float64Array.from(scores, entryOf).sort();
  const sorted = {
    ids: Array.from(entries, (entry) => ids[placeOf(entry)]!),
    scores: Float32Array.from(entries, scoreOf),
  };
  for (let start = 0, end = 1; start < sorted.ids.length; start = end++) {
    while (end < sorted.ids.length && sorted.scores[end] === sorted.scores[start]) end++;
    if (end - start === 1) continue;
    const tied = sorted.ids.slice(start, end).sort((a, b) => compareCodePoints(b, a));
    for (const [i, id] of tied.entries()) sorted.ids[start + i] = id;
  }
  return sorted;
}

/** The best `limit` of two rankings, in ranking order. */
function merge(a: Ranking, b: Ranking, limit: number): Ranking {
  if (a.ids.length === 0 && b.ids.length <= limit) return b;
  const size = Math.min(limit, a.ids.length + b.ids.length);
  const ids = new Array<string>(size);
  const scores = new Float32Array(size);
  let [i, j] = [0, 0];
  for (let slot = 0; slot < size; slot++) {
    const takeA =
      j >= b.ids.length || (i < a.ids.length && compareScored(a.scores[i]!, a.ids[i]!, b.scores[j]!, b.ids[j]!) <= 0);
    const [from, at] = takeA ? [a, i++] : [b, j++];
    ids[slot] = from.ids[at]!;
    scores[slot] = from.scores[at]!;
  }
  return { ids, scores };
}
