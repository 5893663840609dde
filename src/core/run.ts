import { InputError } from './errors.js';
import { compareCodePoints } from './text.js';

/** A query's ranking, best first. `scores[i]` belongs to `ids[i]`; scores are float32, as trec_eval reads them. */
export interface Ranking {
  readonly ids: readonly string[];
  readonly scores: Float32Array;
}

/** The rankings of a system: query id → ranking. A query may be missing (BM25 without hits). */
export type Run = ReadonlyMap<string, Ranking>;

/**
 * The order of trec_eval 9.0.8 (form_res_rels.c, comp_sim_docno): float32 score descending, equal scores by document id
 * descending in byte order. Every ranking of this program has this order, so ties are broken in the same way everywhere.
 */
export function compareScored(scoreA: number, idA: string, scoreB: number, idB: string): number {
  return scoreA === scoreB ? compareCodePoints(idB, idA) : scoreB - scoreA;
}

/**
 * Sorts scored ids into ranking order and keeps the first `limit`.
 * @param ids document ids, distinct
 * @param scores one score per id; rounded to float32 before they are compared
 * @throws InputError for a score that is not a number, which has no place in an order
 */
export function rank(ids: readonly string[], scores: ArrayLike<number>, limit = ids.length): Ranking {
  const single = Float32Array.from(scores);
  const bad = single.findIndex(Number.isNaN);
  if (bad >= 0) throw new InputError(`the score of document ${ids[bad]!} is NaN; expected a number`);
  const order = Uint32Array.from(ids.keys());
  order.sort((a, b) => compareScored(single[a]!, ids[a]!, single[b]!, ids[b]!));
  const kept = order.subarray(0, limit);
  return {
    ids: Array.from(kept, (i) => ids[i]!),
    scores: Float32Array.from(kept, (i) => single[i]!),
  };
}

/** The ranking itself if it is in ranking order, else a sorted copy. Scores must be float32. */
export function inRankingOrder(ranking: Ranking): Ranking {
  const { ids, scores } = ranking;
  for (let i = 1; i < ids.length; i++)
    if (compareScored(scores[i - 1]!, ids[i - 1]!, scores[i]!, ids[i]!) > 0) return rank(ids, scores);
  return ranking;
}

/** Relative difference of scores that rounding alone can make: some units in the last place of float32. */
const roundingDifference = 1e-6;

/**
 * True if the ranking has two or more documents, all with the same score up to rounding: its order is that of their ids, or
 * of rounding.
 */
export function isTied({ scores }: Ranking): boolean {
  if (scores.length < 2) return false;
  const [best, worst] = [scores[0]!, scores.at(-1)!];
  return best - worst <= roundingDifference * Math.max(Math.abs(best), Math.abs(worst));
}

/** The ranking without the document whose id equals the query's (BEIR removes it; ArguAna and Quora need that). */
export function withoutIdenticalId(queryId: string, ranking: Ranking): Ranking {
  const at = ranking.ids.indexOf(queryId);
  if (at < 0) return ranking;
  return {
    ids: ranking.ids.filter((_, i) => i !== at),
    scores: ranking.scores.filter((_, i) => i !== at),
  };
}
