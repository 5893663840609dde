import type { Evaluate } from './measure.js';

/** Reciprocal rank of the first relevant document, 0 where none is in the first `cutoff` ranks. */
export function reciprocalRank(cutoff: number, level: number): Evaluate {
  return ({ grades }) => {
    const first = grades.findIndex((grade) => grade >= level);
    return first < 0 || first >= cutoff ? 0 : 1 / (first + 1);
  };
}

/** 1 where a relevant document is in the first `cutoff` ranks, else 0 (BEIR calls it Accuracy@k). */
export function success(cutoff: number, level: number): Evaluate {
  const rank = reciprocalRank(cutoff, level);
  return (ranking) => (rank(ranking) > 0 ? 1 : 0);
}
