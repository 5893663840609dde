import { defineFamily, rankedOptions } from './family.js';
import type { Evaluate } from './measure.js';

/** Reciprocal rank of the first relevant document; 0 if none is in the first `cutoff` ranks. */
function reciprocalRank(cutoff: number, level: number): Evaluate {
  return ({ grades }) => {
    const first = grades.findIndex((grade) => grade >= level);
    return first < 0 || first >= cutoff ? 0 : 1 / (first + 1);
  };
}

/** 1 if a relevant document is in the first `cutoff` ranks, else 0 (BEIR's Accuracy@k). */
function success(cutoff: number, level: number): Evaluate {
  const rank = reciprocalRank(cutoff, level);
  return (ranking) => (rank(ranking) > 0 ? 1 : 0);
}

export const rrFamilies = [
  defineFamily({
    name: 'RR',
    description: 'reciprocal rank of the first relevant document, 0 beyond rank k',
    source: 'trec_eval m_recip_rank.c; with a cut-off beir custom_metrics.py, mrr',
    cutoff: 'optional',
    options: rankedOptions,
    aliases: ['MRR'],
    foreignNames: ['recip_rank'],
    beirCustom: true,
    make: ({ cutoff, rel }) => reciprocalRank(cutoff, rel),
  }),
  defineFamily({
    name: 'Success',
    description: '1 if a relevant document is in the first k ranks, else 0',
    source: 'trec_eval m_success.c; beir custom_metrics.py, top_k_accuracy',
    cutoff: 'required',
    options: rankedOptions,
    foreignNames: ['success', 'Accuracy'],
    beirCustom: true,
    make: ({ cutoff, rel }) => success(cutoff, rel),
  }),
];
