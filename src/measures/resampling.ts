import { RandomSource } from './random.js';
import { quantiles } from './statistics.js';

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

export interface Randomisation {
  readonly p: number;
  /** Whether all sign flips were tried instead of random ones. */
  readonly exact: boolean;
}

export interface Interval {
  readonly low: number;
  readonly high: number;
  readonly confidence: number;
}

/**
 * Two systems' values on the same queries as differences, second minus first.
 * @throws RangeError for lists of two lengths
 */
export function pairedDifferences(a: readonly number[], b: readonly number[]): number[] {
  if (a.length !== b.length) throw new RangeError(`${a.length} values cannot be paired with ${b.length}`);
  return b.map((value, i) => value - a[i]!);
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
  // A query without a difference has none after a swap either.
  const differences = pairedDifferences(a, b).filter((d) => d !== 0);
  const observed = differences.reduce((sum, d) => sum + d, 0);
  // Sums of the same numbers in another order differ by rounding, which must not make them "smaller".
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

/** Differences whose signs one byte says. */
const perByte = 8;
const bytesAWord = 4;

/** The sums of each eight differences, by the byte whose set bits change signs: 256 for the first eight, and so on. */
function flippedSums(differences: readonly number[]): Float64Array {
  const groups = bytesAWord * Math.ceil(differences.length / (perByte * bytesAWord));
  const sums = new Float64Array(groups << perByte);
  for (let group = 0; group < groups; group++) {
    const eight = differences.slice(group * perByte, (group + 1) * perByte);
    for (let byte = 0; byte < 1 << perByte; byte++) {
      sums[(group << perByte) + byte] = eight.reduce((sum, d, i) => sum + (((byte >> i) & 1) === 1 ? -d : d), 0);
    }
  }
  return sums;
}

/** The sum of all differences with signs changed where a bit is set. */
function sumOf(sums: Float64Array, words: Int32Array): number {
  let sum = 0;
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    const at = i * (bytesAWord << perByte);
    sum += sums[at + (word & 255)]!;
    sum += sums[at + 256 + ((word >>> 8) & 255)]!;
    sum += sums[at + 512 + ((word >>> 16) & 255)]!;
    sum += sums[at + 768 + (word >>> 24)]!;
  }
  return sum;
}

/**
 * Percentile bootstrap intervals of mean differences over queries drawn with replacement. Lists of one length share their
 * draws, which takes most of the time; each interval is the same as if it were computed alone.
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

/** Lists that are summed at a time: as many sums as the processor keeps in registers. */
const together = 8;

/** The mean of each sample, by list; the lists have one length. */
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

/** The sums of the drawn rows, in the order of the draws: of another order, the last digits would be others. */
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

/** The ends between which a share of the values lies, from the middle. */
function percentiles(values: Float64Array, confidence: number): Interval {
  const ends = [(1 - confidence) / 2, (1 + confidence) / 2];
  const [low, high] = quantiles(Array.from(values.sort()), ends);
  return { low: low!, high: high!, confidence };
}
