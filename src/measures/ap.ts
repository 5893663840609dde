import { defineFamily, rankedOptions } from './family.js';
import { type Evaluate, relevantCount, unjudged } from './measure.js';

/**
 * Average precision: the precisions at the ranks of relevant documents, summed and divided by the number of relevant
 * documents that are judged, also with a cut-off (trec_eval's m_map.c, m_map_cut.c).
 */
function averagePrecision(cutoff: number, level: number): Evaluate {
  return (ranking) => {
    const relevant = relevantCount(ranking, level);
    if (relevant === 0) return 0;
    const end = Math.min(cutoff, ranking.grades.length);
    let found = 0;
    let sum = 0;
    for (let i = 0; i < end; i++) if (ranking.grades[i]! >= level) sum += ++found / (i + 1);
    return sum / relevant;
  };
}

/**
 * Inferred average precision for sampled judgements (Yilmaz and Aslam 2006; trec_eval's m_infap.c). Negative grades
 * mark the documents that were pooled but not sampled. If the whole pool is judged, the value equals AP, except for a small
 * effect of the smoothing.
 */
function inferredAveragePrecision(level: number): Evaluate {
  return (ranking) => {
    const relevant = relevantCount(ranking, level);
    if (relevant === 0) return 0;
    const { grades } = ranking;
    let found = 0;
    let nonRelevant = 0;
    let sum = 0;
    let pooled = 0;
    for (let i = 0; i < grades.length; i++) {
      const grade = grades[i]!;
      if (grade >= level) sum += expectedPrecision(i, pooled, found++, nonRelevant);
      else if (grade >= 0) nonRelevant++;
      if (grade !== unjudged) pooled++;
    }
    return sum / relevant;
  };
}

const smoothing = 0.00001;

/** Expected precision at a relevant document, after `above` documents; `pooled` of them are in the pool. */
function expectedPrecision(above: number, pooled: number, relevant: number, nonRelevant: number): number {
  if (above === 0) return 1;
  const judgedPrecision = (relevant + smoothing) / (relevant + nonRelevant + 2 * smoothing);
  return 1 / (above + 1) + (above / (above + 1)) * (pooled / above) * judgedPrecision;
}

export const apFamilies = [
  defineFamily({
    name: 'AP',
    description: 'average precision: mean of the precisions at the ranks of all relevant documents',
    source: 'trec_eval m_map.c, m_map_cut.c',
    cutoff: 'optional',
    options: rankedOptions,
    aliases: ['MAP'],
    foreignNames: ['map', 'map_cut'],
    make: (given) => averagePrecision(given.cutoff, given.rel),
  }),
  defineFamily({
    name: 'infAP',
    description: 'average precision inferred from judgements of a sample',
    source: 'trec_eval m_infap.c',
    cutoff: 'none',
    options: rankedOptions,
    make: (given) => inferredAveragePrecision(given.rel),
  }),
];
