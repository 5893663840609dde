import { type Evaluate, relevantCount, relevantRetrieved } from './measure.js';

/** Recall: relevant documents in the first `cutoff` ranks, divided by all that are relevant (trec_eval's m_recall.c). */
export function recall(cutoff: number, level: number): Evaluate {
  return (ranking) => {
    const relevant = relevantCount(ranking, level);
    return relevant === 0 ? 0 : relevantRetrieved(ranking, level, cutoff) / relevant;
  };
}

/**
 * Capped recall: as recall, but divided by at most `cutoff`, so that 1 can be reached (Thakur et al. 2021; BEIR's
 * `recall_cap`, which fails on a query without relevant documents where this is 0).
 */
export function cappedRecall(cutoff: number, level: number): Evaluate {
  return (ranking) => {
    const relevant = relevantCount(ranking, level);
    return relevant === 0 ? 0 : relevantRetrieved(ranking, level, cutoff) / Math.min(relevant, cutoff);
  };
}
