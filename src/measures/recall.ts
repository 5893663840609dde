import { defineFamily, rankedOptions } from './family.js';
import { type Evaluate, relevantCount, relevantRetrieved } from './measure.js';

/** Recall: the share of the relevant documents in the first `cutoff` ranks (trec_eval's m_recall.c). */
function recall(cutoff: number, level: number): Evaluate {
  return (ranking) => {
    const relevant = relevantCount(ranking, level);
    return relevant === 0 ? 0 : relevantRetrieved(ranking, level, cutoff) / relevant;
  };
}

/**
 * Capped recall: as recall, but divided by at most `cutoff`, so that 1 is possible (Thakur et al. 2021; BEIR's
 * `recall_cap`). 0 for a query without relevant documents, on which BEIR's code fails.
 */
function cappedRecall(cutoff: number, level: number): Evaluate {
  return (ranking) => {
    const relevant = relevantCount(ranking, level);
    return relevant === 0 ? 0 : relevantRetrieved(ranking, level, cutoff) / Math.min(relevant, cutoff);
  };
}

export const recallFamilies = [
  defineFamily({
    name: 'R',
    description: 'recall: share of the relevant documents in the first k ranks',
    source: 'trec_eval m_recall.c',
    cutoff: 'required',
    options: rankedOptions,
    aliases: ['Recall'],
    foreignNames: ['recall'],
    make: ({ cutoff, rel }) => recall(cutoff, rel),
  }),
  defineFamily({
    name: 'R_cap',
    description: 'recall, but divided by k if more than k documents are relevant',
    source: 'beir custom_metrics.py, recall_cap',
    cutoff: 'required',
    options: rankedOptions,
    beirCustom: true,
    make: ({ cutoff, rel }) => cappedRecall(cutoff, rel),
  }),
];
