import { defineFamily, judgedOnlyOption } from './family.js';
import type { Evaluate } from './measure.js';

/** The gain of a document with a grade above 0; other documents have no gain. */
type Gain = (grade: number) => number;

/** The grade itself (Järvelin and Kekäläinen 2002; trec_eval). */
const linearGain: Gain = (grade) => grade;

/** 2^grade - 1 (Burges et al. 2005; gdeval.pl). */
const exponentialGain: Gain = (grade) => 2 ** grade - 1;

/**
 * Normalised discounted cumulative gain: sum of gain / log2(rank + 1), divided by that of the ideal ranking over all
 * judged documents (trec_eval's m_ndcg.c, m_ndcg_cut.c).
 * @param cutoff ranks of both rankings that count; Infinity for all
 */
function ndcg(cutoff: number, gain: Gain): Evaluate {
  return ({ grades, ideal }) => {
    const best = dcg(ideal, cutoff, gain);
    return best === 0 ? 0 : dcg(grades, cutoff, gain) / best;
  };
}

function dcg(grades: Int32Array, cutoff: number, gain: Gain): number {
  const end = Math.min(cutoff, grades.length);
  let sum = 0;
  for (let i = 0; i < end; i++) {
    const grade = grades[i]!;
    if (grade > 0) sum += gain(grade) / Math.log2(i + 2);
  }
  return sum;
}

const options = { judged_only: judgedOnlyOption } as const;

export const ndcgFamilies = [
  defineFamily({
    name: 'nDCG',
    description: 'normalised discounted cumulative gain; the gain is the grade',
    source: 'trec_eval m_ndcg.c, m_ndcg_cut.c',
    cutoff: 'optional',
    options,
    aliases: ['NDCG'],
    foreignNames: ['ndcg', 'ndcg_cut'],
    make: ({ cutoff }) => ndcg(cutoff, linearGain),
  }),
  defineFamily({
    name: 'nDCG_exp',
    description: 'the same with a gain of 2^grade - 1',
    source: "ir_measures nDCG(dcg='exp-log2'), gdeval.pl",
    cutoff: 'optional',
    options,
    make: ({ cutoff }) => ndcg(cutoff, exponentialGain),
  }),
];
