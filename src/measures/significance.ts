import { mean, quantileSeq, std } from 'mathjs';
import { RandomSource } from './random.js';
import { studentTwoSided } from './student-t.js';

/** Values nearer to each other than this are the same: what is left is rounding. */
const sameValue = 1e-9;

export interface ComparisonOptions {
  /** Sign flips of the randomisation test. */
  readonly permutations: number;
  /** Samples of the bootstrap. */
  readonly samples: number;
  /** Share of the bootstrap's means that the interval holds. */
  readonly confidence: number;
  readonly seed: number;
}

export const defaultComparison: ComparisonOptions = {
  permutations: 10_000,
  samples: 10_000,
  confidence: 0.95,
  seed: 1,
};

/** What can be said of two systems' values on the same queries; "difference" is always b - a. */
export interface PairedComparison {
  /** Number of queries. */
  readonly queries: number;
  readonly meanA: number;
  readonly meanB: number;
  readonly difference: number;
  readonly tTest: TTest;
  readonly randomisation: Randomisation;
  /** Percentile bootstrap of the mean difference. */
  readonly interval: { readonly low: number; readonly high: number; readonly confidence: number };
  /** Cohen's d of paired values: mean difference over its standard deviation; ±Infinity where that is 0. */
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

export interface Randomisation {
  readonly p: number;
  /** Whether all sign flips were tried instead of random ones. */
  readonly exact: boolean;
}

/**
 * Compares two systems query by query.
 * @param a values of the first system (the baseline), one a query
 * @param b values of the second for the same queries in the same order
 */
export function comparePaired(
  a: readonly number[],
  b: readonly number[],
  options: ComparisonOptions = defaultComparison,
): PairedComparison {
  const differences = pairedDifferences(a, b);
  const difference = meanOf(differences);
  const count = (test: (d: number) => boolean): number => differences.filter(test).length;
  return {
    queries: a.length,
    meanA: meanOf(a),
    meanB: meanOf(b),
    difference,
    tTest: pairedTTest(a, b),
    randomisation: randomisationTest(a, b, options),
    interval: bootstrapInterval(a, b, options),
    effectSize: ratio(difference, deviationOf(differences)),
    wins: count((d) => d > sameValue),
    ties: count((d) => Math.abs(d) <= sameValue),
    losses: count((d) => d < -sameValue),
  };
}

/**
 * Paired t-test, two-sided (scipy's `ttest_rel`). Without any difference, or with less than two queries, there is no
 * evidence: p is 1.
 */
export function pairedTTest(a: readonly number[], b: readonly number[]): TTest {
  const differences = pairedDifferences(a, b);
  const degreesOfFreedom = Math.max(differences.length - 1, 0);
  if (degreesOfFreedom === 0) return { t: 0, degreesOfFreedom, p: 1 };
  const standardError = deviationOf(differences) / Math.sqrt(differences.length);
  const t = ratio(meanOf(differences), standardError);
  return { t, degreesOfFreedom, p: studentTwoSided(t, degreesOfFreedom) };
}

/**
 * Paired randomisation test, two-sided: had the two systems been swapped for any of the queries, how often would the
 * mean difference be as large or larger? (Smucker, Allan and Carterette 2007.) All flips are tried where they are no
 * more than `permutations`; otherwise p is (count + 1) / (permutations + 1), which is never 0 and never too small.
 */
export function randomisationTest(
  a: readonly number[],
  b: readonly number[],
  { permutations, seed }: ComparisonOptions = defaultComparison,
): Randomisation {
  // A query without a difference has none after a swap either.
  const differences = Float64Array.from(pairedDifferences(a, b).filter((d) => d !== 0));
  const observed = Math.abs(differences.reduce((sum, d) => sum + d, 0));
  // Sums of the same numbers in another order differ by rounding, which must not make them "smaller".
  const threshold = observed - 1e-12 * differences.reduce((sum, d) => sum + Math.abs(d), 0);
  const exact = 2 ** differences.length <= permutations;
  const random = new RandomSource(seed);
  const trials = exact ? 2 ** differences.length : permutations;
  let count = 0;
  for (let trial = 0; trial < trials; trial++) {
    const sum = flippedSum(differences, exact ? () => trial : () => random.bits());
    if (Math.abs(sum) >= threshold) count++;
  }
  return { p: exact ? count / trials : (count + 1) / (trials + 1), exact };
}

/** The sum with signs changed where a bit is set; `bits` gives 32 at a time. */
function flippedSum(differences: Float64Array, bits: () => number): number {
  let sum = 0;
  let word = 0;
  for (let i = 0; i < differences.length; i++) {
    if (i % 32 === 0) word = bits();
    sum += (word & 1) === 1 ? -differences[i]! : differences[i]!;
    word >>>= 1;
  }
  return sum;
}

/** Percentile bootstrap interval of the mean difference over queries drawn with replacement. */
export function bootstrapInterval(
  a: readonly number[],
  b: readonly number[],
  { samples, confidence, seed }: ComparisonOptions = defaultComparison,
): { low: number; high: number; confidence: number } {
  const differences = Float64Array.from(pairedDifferences(a, b));
  const n = differences.length;
  if (n === 0) return { low: 0, high: 0, confidence };
  const random = new RandomSource(seed);
  const means = new Float64Array(samples);
  for (let sample = 0; sample < samples; sample++) {
    let sum = 0;
    for (let i = 0; i < n; i++) sum += differences[random.below(n)]!;
    means[sample] = sum / n;
  }
  const ends = [(1 - confidence) / 2, (1 + confidence) / 2];
  const [low, high] = quantileSeq(Array.from(means.sort()), ends, true) as number[];
  return { low: low!, high: high!, confidence };
}

/**
 * Holm's correction (1979) for testing several things at once: p-values that can be held against alpha one by one.
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

function pairedDifferences(a: readonly number[], b: readonly number[]): number[] {
  if (a.length !== b.length) throw new RangeError(`${a.length} values cannot be paired with ${b.length}`);
  return b.map((value, i) => value - a[i]!);
}

function meanOf(values: readonly number[]): number {
  return values.length === 0 ? 0 : mean(values as number[]);
}

/** The sample's standard deviation (n - 1). */
function deviationOf(values: readonly number[]): number {
  return values.length < 2 ? 0 : Number(std(values as number[]));
}

/** numerator / denominator, where 0 / 0 is 0: no difference at all. */
function ratio(numerator: number, denominator: number): number {
  return numerator === 0 ? 0 : numerator / denominator;
}
