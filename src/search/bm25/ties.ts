import { InputError } from '../../core/errors.js';
import { compareCodePoints } from '../../core/text.js';
import type { Bm25Settings } from './settings.js';

/**
 * The documents in their order among equal scores.
 * @param ids by document, in the order of indexing
 * @throws InputError for an id that occurs twice
 */
export function tieOrder(ids: readonly string[], ties: Bm25Settings['ties']): Uint32Array {
  const order = Uint32Array.from(ids.keys()).sort((a, b) => compareCodePoints(ids[a]!, ids[b]!));
  for (let i = 1; i < order.length; i++) {
    const id = ids[order[i]!]!;
    if (id === ids[order[i - 1]!])
      throw new InputError(`two documents of the corpus have the id "${id}"; ids are unique`);
  }
  return ties === 'trec_eval' ? order.reverse() : order;
}

/**
 * Anserini's ScoreTiesAdjusterReranker, in float32. It rounds scores to 4 decimals and lowers each further one of a tie by
 * another millionth, so that programs that break ties differently keep the order. (Above 16, float32 does not resolve a
 * millionth, and some ties come back.) On NFCorpus a third of the queries have ties in their top ten.
 */
export function adjustTies(scores: Float32Array): Float32Array {
  const f = Math.fround;
  const adjusted = new Float32Array(scores.length);
  let ties = 0;
  for (const [i, score] of scores.entries()) {
    const rounded = f(Math.round(f(score * 1e4)) / 1e4);
    ties = i === 0 || f(adjusted[i - 1]! - rounded) > f(1e-4) ? 0 : ties + 1;
    adjusted[i] = rounded - f(f(1e-6) * ties);
  }
  return adjusted;
}
