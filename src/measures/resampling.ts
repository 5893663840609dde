import { RandomSource } from './random.js';
import { quantiles } from './statistics.js';

export interface ComparisonOptions {
  /** Number of random sign assignments in the randomisation test. */
  readonly permutations: number;
  /** Number of bootstrap samples. */
  readonly samples: number;
  /** Share of the bootstrap means within the interval. */
  readonly confidence: number;
  readonly seed: number;
}

export const defaultComparison: ComparisonOptions = {
  permutations: 10_000,
  samples: 10_000,
  confidence: 0.95,
  seed: 1,
};

export interface Randomisation {
  readonly p: number;
  /** True if all sign assignments were tried, instead of random ones. */
  readonly exact: boolean;
}

export interface Interval {
  readonly low: number;
  readonly high: number;
  readonly confidence: number;
}

/**
 * Per-query differences of two systems, second minus first.
 * @throws RangeError for lists of different lengths
 */
export function pairedDifferences(a: readonly number[], b: readonly number[]): number[] {
  if (a.length !== b.length) throw new RangeError(`${a.length} values cannot be paired with ${b.length}`);
  return b.map((value, i) => value - a[i]!);
}

/**
 * Paired randomisation test, two-sided (Smucker, Allan and Carterette 2007): if the two systems are swapped on random
 * queries, how often is the mean difference at least as large? If there are at most `permutations` sign assignments, all are
 * tried; otherwise p is (count + 1) / (permutations + 1), which is never 0 and not biased downwards.
 */
export function randomisationTest(
  a: readonly number[],
  b: readonly number[],
  { permutations, seed }: ComparisonOptions = defaultComparison,
): Randomisation {
  const { exact, trials, asLarge } = countFlips(a, b, { permutations, seed });
  return { p: shareOf(asLarge, trials, exact), exact };
}

/** The two one-sided p-values of a paired randomisation test. */
export interface RandomisationTails {
  /** How often a swap of systems gives a mean difference that is as low or lower: small if the second system is worse. */
  readonly fall: number;
  /** How often it is as high or higher: small if the second system is better. */
  readonly rise: number;
}

/** As {@link randomisationTest}, one-sided in both directions. */
export function randomisationTails(
  a: readonly number[],
  b: readonly number[],
  options: FlipOptions = defaultComparison,
): RandomisationTails {
  const { exact, trials, asLow, asHigh } = countFlips(a, b, options);
  return { fall: shareOf(asLow, trials, exact), rise: shareOf(asHigh, trials, exact) };
}

type FlipOptions = Pick<ComparisonOptions, 'permutations' | 'seed'>;

function shareOf(count: number, trials: number, exact: boolean): number {
  return exact ? count / trials : (count + 1) / (trials + 1);
}

/** Numbers of sign flips whose sum is as large in magnitude, as low, and as high as the sum of the differences. */
interface FlipCounts {
  readonly exact: boolean;
  readonly trials: number;
  readonly asLarge: number;
  readonly asLow: number;
  readonly asHigh: number;
}

function countFlips(a: readonly number[], b: readonly number[], { permutations, seed }: FlipOptions): FlipCounts {
  // Queries without a difference have no effect on the test.
  const differences = pairedDifferences(a, b).filter((d) => d !== 0);
  const observed = differences.reduce((sum, d) => sum + d, 0);
  // Sums of the same numbers in another order differ by rounding, which must not count as another sum.
  const rounding = 1e-12 * differences.reduce((sum, d) => sum + Math.abs(d), 0);
  const exact = 2 ** differences.length <= permutations;
  const random = new RandomSource(seed);
  const trials = exact ? 2 ** differences.length : permutations;
  const sums = flippedSums(differences);
  const words = new Int32Array(Math.ceil(differences.length / 32));
  let [asLarge, asLow, asHigh] = [0, 0, 0];
  for (let trial = 0; trial < trials; trial++) {
    if (exact) words[0] = trial;
    else random.fill(words);
    const sum = sumOf(sums, words);
    if (Math.abs(sum) >= Math.abs(observed) - rounding) asLarge++;
    if (sum <= observed + rounding) asLow++;
    if (sum >= observed - rounding) asHigh++;
  }
  return { exact, trials, asLarge, asLow, asHigh };
}

/** Number of differences whose signs fit into a byte. */
const perByte = 8;
const bytesPerWord = 4;

/** For each group of eight differences, their 256 sums; a set bit of the index changes the sign of one difference. */
function flippedSums(differences: readonly number[]): Float64Array {
  const groups = bytesPerWord * Math.ceil(differences.length / (perByte * bytesPerWord));
  const sums = new Float64Array(groups << perByte);
  for (let group = 0; group < groups; group++) {
    const eight = differences.slice(group * perByte, (group + 1) * perByte);
    for (let byte = 0; byte < 1 << perByte; byte++) {
      sums[(group << perByte) + byte] = eight.reduce((sum, d, i) => sum + (((byte >> i) & 1) === 1 ? -d : d), 0);
    }
  }
  return sums;
}

/** The sum of all differences; a set bit changes the sign of one. */
function sumOf(sums: Float64Array, words: Int32Array): number {
  let sum = 0;
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    const at = i * (bytesPerWord << perByte);
    sum += sums[at + (word & 255)]!;
    sum += sums[at + 256 + ((word >>> 8) & 255)]!;
    sum += sums[at + 512 + ((word >>> 16) & 255)]!;
    sum += sums[at + 768 + (word >>> 24)]!;
  }
  return sum;
}

/**
 * Percentile bootstrap intervals of mean differences over queries drawn with replacement. Lists of equal length share the
 * draws, which take most of the time; each interval equals the one computed alone.
 * @param lists the differences of each comparison
 */
export function bootstrapIntervals(
  lists: readonly (readonly number[])[],
  options: ComparisonOptions = defaultComparison,
): Interval[] {
  const { confidence } = options;
  const intervals = lists.map(() => ({ low: 0, high: 0, confidence }));
  for (const length of new Set(lists.map((list) => list.length))) {
    const same = lists.flatMap((list, i) => (list.length === length && length > 0 ? [i] : []));
    for (let start = 0; start < same.length; start += together) {
      const block = same.slice(start, start + together);
      const means = bootstrapMeans(
        block.map((i) => lists[i]!),
        options,
      );
      block.forEach((i, place) => (intervals[i] = percentiles(means[place]!, confidence)));
    }
  }
  return intervals;
}

/** Number of lists that are summed together: their sums fit into the processor's registers. */
const together = 8;

/** For each list, the mean of each sample. The lists have equal lengths. */
function bootstrapMeans(lists: readonly (readonly number[])[], { samples, seed }: ComparisonOptions): Float64Array[] {
  const n = lists[0]!.length;
  const rows = new Float64Array(n * together);
  lists.forEach((list, place) => {
    list.forEach((value, i) => (rows[i * together + place] = value));
  });
  const random = new RandomSource(seed);
  const means = lists.map(() => new Float64Array(samples));
  const draws = new Int32Array(n);
  for (let sample = 0; sample < samples; sample++) {
    random.fillBelow(n, draws);
    const sums = sumsOfDraws(rows, draws);
    for (let place = 0; place < lists.length; place++) means[place]![sample] = sums[place]! / n;
  }
  return means;
}

/** The sums of the drawn rows, added in the order of the draws, because the order affects the last digits. */
function sumsOfDraws(rows: Float64Array, draws: Int32Array): number[] {
  let a = 0;
  let b = 0;
  let c = 0;
  let d = 0;
  let e = 0;
  let f = 0;
  let g = 0;
  let h = 0;
  const { length } = draws;
  for (let i = 0; i < length; i++) {
    const at = draws[i]! * together;
    a += rows[at]!;
    b += rows[at + 1]!;
    c += rows[at + 2]!;
    d += rows[at + 3]!;
    e += rows[at + 4]!;
    f += rows[at + 5]!;
    g += rows[at + 6]!;
    h += rows[at + 7]!;
  }
  return [a, b, c, d, e, f, g, h];
}

/** The central interval that contains this share of the values. Sorts them. */
function percentiles(values: Float64Array, confidence: number): Interval {
  const ends = [(1 - confidence) / 2, (1 + confidence) / 2];
  const [low, high] = quantiles(Array.from(values.sort()), ends);
  return { low: low!, high: high!, confidence };
}
