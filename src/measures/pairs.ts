/**
 * Average precision over scored pairs, as scikit-learn's `average_precision_score` computes it: pairs with equal
 * scores share a threshold, so their order does not matter.
 * @param positive true for positive pairs
 * @param scores one per pair; higher means more similar
 * @returns from 0 to 1; 0 without positive pairs
 */
export function averagePrecisionOfPairs(positive: ArrayLike<boolean>, scores: ArrayLike<number>): number {
  requireEqualLengths(scores, positive);
  const order = Array.from(scores, (_, i) => i).sort((a, b) => scores[b]! - scores[a]!);
  const positives = order.filter((i) => positive[i]).length;
  let found = 0;
  let foundBefore = 0;
  let sum = 0;
  order.forEach((i, rank) => {
    if (positive[i]) found++;
    const next = order[rank + 1];
    if (next !== undefined && scores[next] === scores[i]) return;
    sum += (found / (rank + 1)) * (found - foundBefore);
    foundBefore = found;
  });
  return positives === 0 ? 0 : sum / positives;
}

/**
 * Spearman's rank correlation; equal values have the mean of their ranks (scipy's `spearmanr`).
 * @returns from -1 to 1; NaN if a list is constant
 */
export function spearman(x: ArrayLike<number>, y: ArrayLike<number>): number {
  requireEqualLengths(x, y);
  return pearson(meanRanks(x), meanRanks(y));
}

function meanRanks(values: ArrayLike<number>): Float64Array {
  const order = Array.from(values, (_, i) => i).sort((a, b) => values[a]! - values[b]!);
  const ranks = new Float64Array(order.length);
  for (let start = 0, end = 0; start < order.length; start = end) {
    while (end < order.length && values[order[end]!] === values[order[start]!]) end++;
    for (let i = start; i < end; i++) ranks[order[i]!] = (start + 1 + end) / 2;
  }
  return ranks;
}

function pearson(x: Float64Array, y: Float64Array): number {
  const centre = (x.length + 1) / 2;
  let xy = 0;
  let xx = 0;
  let yy = 0;
  for (let i = 0; i < x.length; i++) {
    const [dx, dy] = [x[i]! - centre, y[i]! - centre];
    xy += dx * dy;
    xx += dx * dx;
    yy += dy * dy;
  }
  return xy / Math.sqrt(xx * yy);
}

function requireEqualLengths(x: ArrayLike<unknown>, y: ArrayLike<unknown>): void {
  if (x.length !== y.length) throw new RangeError(`${x.length} values cannot be paired with ${y.length}`);
}
