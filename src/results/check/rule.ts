import { defaultComparison, randomisationTails } from '../../measures/resampling.js';
import { holm, type Paired } from '../../measures/significance.js';
import { mean } from '../../measures/statistics.js';
import { largeShare, type GateLimits } from './limits.js';

/** Tolerance for rounding errors, so that a drop of exactly a limit passes. */
const rounding = 1e-9;

/** What the gate makes of a drop; the first two fail: significant ones, and others that are large. */
export type Drop = 'significant' | 'large' | 'perhaps chance' | 'none';

/** The test of one measure of one result. */
export interface Judgement {
  readonly before: number;
  readonly after: number;
  /** One-sided p-value of a drop, corrected for all tests of the check; null if there are no values per query. */
  readonly p: number | null;
  readonly drop: Drop;
  /** True if it rose significantly. */
  readonly improved: boolean;
}

/**
 * The gate's rule for all gated measures of all results of a check. A drop beyond `maxDrop` fails if it is significant: by a
 * one-sided paired randomisation test, corrected by Holm's method for the number of pairs. A drop that is large in itself,
 * beyond `largeDrop` (or half of that, if it is more than half of the mean), fails whatever its p-value is: few queries
 * cannot prove even a collapse, and correction for many results asks for more of them.
 * @param pairs values of the baseline (a) and of the result (b); their means are the measure's
 */
export function judgePairs(pairs: readonly Paired[], limits: GateLimits): Judgement[] {
  const options = { ...defaultComparison, permutations: permutationsFor(pairs.length, limits.alpha) };
  const tails = pairs.map(({ a, b }) => randomisationTails(a, b, options));
  const falls = holm(tails.map(({ fall }) => fall));
  const rises = holm(tails.map(({ rise }) => rise));
  return pairs.map(({ a, b }, i) => {
    const [before, after, p] = [mean(a), mean(b), falls[i]!];
    const improved = after > before && rises[i]! <= limits.alpha;
    return { before, after, p, drop: dropOf(before, after, p, limits), improved };
  });
}

/** The rule for a measure without values per query: any drop beyond `maxDrop` fails. */
export function judgeMeans(before: number, after: number, limits: GateLimits): Judgement {
  return { before, after, p: null, drop: dropOf(before, after, 0, limits), improved: false };
}

function dropOf(before: number, after: number, p: number, { maxDrop, alpha, largeDrop }: GateLimits): Drop {
  const drop = before - after;
  if (drop <= maxDrop + rounding) return 'none';
  if (p <= alpha) return 'significant';
  const isMostOfIt = before > 0 && drop > largeShare * before && drop > largeDrop / 2 + rounding;
  return drop > largeDrop + rounding || isMostOfIt ? 'large' : 'perhaps chance';
}

/**
 * The number of permutations. With n of them no p is below 1 / (n + 1), which the correction multiplies by the number of
 * tests; so n is four times what is needed to reach alpha.
 */
function permutationsFor(tests: number, alpha: number): number {
  return Math.min(1_000_000, Math.max(defaultComparison.permutations, Math.ceil((4 * tests) / alpha)));
}
