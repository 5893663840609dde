import { defineFamily, rankedOptions } from './family.js';
import { type Evaluate, relevantCount, relevantRetrieved } from './measure.js';

/** Precision: relevant documents in the first `cutoff` ranks, divided by `cutoff` even if fewer were retrieved. */
function precision(cutoff: number, level: number): Evaluate {
  return (ranking) => relevantRetrieved(ranking, level, cutoff) / cutoff;
}

/** Precision at the rank that equals the number of relevant documents (trec_eval's m_Rprec.c). */
function rPrecision(level: number): Evaluate {
  return (ranking) => {
    const relevant = relevantCount(ranking, level);
    return relevant === 0 ? 0 : relevantRetrieved(ranking, level, relevant) / relevant;
  };
}

/**
 * Interpolated precision: the highest precision at any rank with at least this recall. As in trec_eval 9
 * (m_iprec_at_recall.c), 0.9 is added to the required number of documents, which is then truncated.
 * @param recall from 0 to 1
 */
function interpolatedPrecision(recall: number, level: number): Evaluate {
  return (ranking) => {
    const { grades } = ranking;
    const needed = Math.trunc(recall * relevantCount(ranking, level) + 0.9);
    let found = relevantRetrieved(ranking, level);
    if (found < needed) return 0;
    let best = 0;
    for (let i = grades.length; i > 0 && found > 0 && found >= needed; i--) {
      best = Math.max(best, found / i);
      if (grades[i - 1]! >= level) found--;
    }
    return best;
  };
}

export const precisionFamilies = [
  defineFamily({
    name: 'P',
    description: 'precision: share of the first k documents that are relevant',
    source: 'trec_eval m_P.c',
    cutoff: 'required',
    options: rankedOptions,
    aliases: ['Precision'],
    foreignNames: ['P'],
    make: ({ cutoff, rel }) => precision(cutoff, rel),
  }),
  defineFamily({
    name: 'Rprec',
    description: 'precision at the rank that equals the number of relevant documents',
    source: 'trec_eval m_Rprec.c',
    cutoff: 'none',
    options: rankedOptions,
    aliases: ['RPrec'],
    make: ({ rel }) => rPrecision(rel),
  }),
  defineFamily({
    name: 'IPrec',
    description: 'interpolated precision: the highest at any rank with at least this recall',
    source: 'trec_eval m_iprec_at_recall.c',
    cutoff: 'recall',
    options: rankedOptions,
    foreignNames: ['iprec_at_recall'],
    make: ({ cutoff, rel }) => interpolatedPrecision(cutoff, rel),
  }),
];
