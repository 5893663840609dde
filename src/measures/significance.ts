import {
  bootstrapIntervals,
  defaultComparison,
  pairedDifferences,
  randomisationTest,
  type ComparisonOptions,
  type Interval,
  type Randomisation,
} from './resampling.js';
import { mean, standardDeviation } from './statistics.js';
import { studentTwoSided } from './student-t.js';

/** Smaller differences are due to rounding and count as ties. */
const sameValue = 1e-9;

/** Statistics of two systems' values on the same queries; differences are b - a. */
export interface PairedComparison {
  /** Number of queries. */
  readonly queries: number;
  readonly meanA: number;
  readonly meanB: number;
  readonly difference: number;
  readonly tTest: TTest;
  readonly randomisation: Randomisation;
  /** Percentile bootstrap of the mean difference. */
  readonly interval: Interval;
  /** Cohen's d of paired values: mean difference divided by its standard deviation; ±Infinity if that is 0. */
  readonly effectSize: number;
  /** Queries where b is better, equal (to 1e-9) and worse. */
  readonly wins: number;
  readonly ties: number;
  readonly losses: number;
}

export interface TTest {
  readonly t: number;
  readonly degreesOfFreedom: number;
  readonly p: number;
}

/** Two systems' values on the same queries in the same order; `a` is the first system, the baseline. */
export interface Paired {
  readonly a: readonly number[];
  readonly b: readonly number[];
}

/** Compares two systems query by query. */
export function comparePaired(
  a: readonly number[],
  b: readonly number[],
  options: ComparisonOptions = defaultComparison,
): PairedComparison {
  return compareAllPaired([{ a, b }], options)[0]!;
}

/** Several comparisons: the same results as {@link comparePaired} for each, in a fraction of the time. */
export function compareAllPaired(
  pairs: readonly Paired[],
  options: ComparisonOptions = defaultComparison,
): PairedComparison[] {
  const differences = pairs.map(({ a, b }) => pairedDifferences(a, b));
  const intervals = bootstrapIntervals(differences, options);
  return pairs.map((pair, i) => comparison(pair, differences[i]!, intervals[i]!, options));
}

function comparison(
  { a, b }: Paired,
  differences: readonly number[],
  interval: Interval,
  options: ComparisonOptions,
): PairedComparison {
  const difference = mean(differences);
  const count = (test: (d: number) => boolean): number => differences.filter(test).length;
  return {
    queries: a.length,
    meanA: mean(a),
    meanB: mean(b),
    difference,
    tTest: pairedTTest(a, b),
    randomisation: randomisationTest(a, b, options),
    interval,
    effectSize: ratio(difference, standardDeviation(differences)),
    wins: count((d) => d > sameValue),
    ties: count((d) => Math.abs(d) <= sameValue),
    losses: count((d) => d < -sameValue),
  };
}

/**
 * Paired t-test, two-sided (scipy's `ttest_rel`). Without any difference, or with less than two queries, p is 1.
 */
export function pairedTTest(a: readonly number[], b: readonly number[]): TTest {
  const differences = pairedDifferences(a, b);
  const degreesOfFreedom = Math.max(differences.length - 1, 0);
  if (degreesOfFreedom === 0) return { t: 0, degreesOfFreedom, p: 1 };
  const standardError = standardDeviation(differences) / Math.sqrt(differences.length);
  const t = ratio(mean(differences), standardError);
  return { t, degreesOfFreedom, p: studentTwoSided(t, degreesOfFreedom) };
}

/**
 * Holm's correction (1979) for multiple tests. Each corrected p-value can be compared with alpha.
 * @returns the corrected values in the order of `pValues`
 */
export function holm(pValues: readonly number[]): number[] {
  const order = Array.from(pValues.keys()).sort((i, j) => pValues[i]! - pValues[j]!);
  const corrected = new Array<number>(pValues.length);
  let highest = 0;
  order.forEach((index, rank) => {
    highest = Math.max(highest, Math.min(1, (pValues.length - rank) * pValues[index]!));
    corrected[index] = highest;
  });
  return corrected;
}

/** numerator / denominator; 0 / 0 is 0 (no difference). */
function ratio(numerator: number, denominator: number): number {
  return numerator === 0 ? 0 : numerator / denominator;
}
