import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RandomSource } from '../../src/measures/random.js';
import {
  bootstrapIntervals,
  defaultComparison,
  pairedDifferences,
  randomisationTails,
  randomisationTest,
  type Interval,
} from '../../src/measures/resampling.js';
import { compareAllPaired, comparePaired, holm, pairedTTest } from '../../src/measures/significance.js';
import { studentTwoSided } from '../../src/measures/student-t.js';
import { golden, Mulberry32 } from './cases.js';

const file = golden('significance') as {
  /** t, p, 95 % interval of t, p over all sign flips (null where there are too many) */
  /** t, p, low, high, exact p of the randomisation test, the same one-sided for a fall. */
  cases: (number | null)[][];
  manyPermutations: number;
  /** t, degrees of freedom, two-sided p */
  tails: [number, number, number][];
};

/** As `paired_scores` in tools/goldens/measures/make_goldens.py. */
function pairedScores(rng: Mulberry32, n: number, kind: number): { a: number[]; b: number[] } {
  const [a, b]: [number[], number[]] = [[], []];
  for (let i = 0; i < n; i++) {
    const [x, d] = [rng.next(), rng.next()];
    a.push(kind === 1 ? Math.floor(x * 4) / 4 : x);
    if (kind === 0) b.push(x + (d - 0.45) * 0.2);
    else b.push(kind === 1 ? Math.floor(d * 4) / 4 : x + 0.05 + d * 0.01);
  }
  return { a, b };
}

function makeCases(): { a: number[]; b: number[] }[] {
  const rng = new Mulberry32(13);
  return Array.from({ length: 150 }, (_, i) => {
    const n = 2 + rng.below(i % 2 === 1 ? 12 : 300);
    return pairedScores(rng, n, i % 3);
  });
}

const cases = makeCases();

describe('studentTwoSided', () => {
  it("equals scipy's survival function, far tails included", () => {
    for (const [t, df, p] of file.tails)
      expect(Math.abs(studentTwoSided(t, df) - p), `t ${t}, ${df} degrees of freedom`).toBeLessThanOrEqual(1e-11 * p);
  });

  it('equals the closed form for one degree of freedom, also near 0 where scipy loses digits', () => {
    for (const t of [1e-9, 1e-6, 0.1, 1, 3])
      expect(studentTwoSided(t, 1)).toBeCloseTo(1 - (2 / Math.PI) * Math.atan(t), 14);
  });
});

describe('pairedTTest', () => {
  it("equals scipy's ttest_rel", () => {
    let compared = 0;
    for (const [i, { a, b }] of cases.entries()) {
      const [t, p] = file.cases[i]!;
      if (typeof t !== 'number' || typeof p !== 'number') continue; // no difference at all: scipy has no answer
      const ours = pairedTTest(a, b);
      expect(Math.abs(ours.t - t), `t of case ${i}`).toBeLessThan(1e-10 * Math.max(1, Math.abs(t)));
      expect(Math.abs(ours.p - p), `p of case ${i}`).toBeLessThan(1e-10);
      compared++;
    }
    expect(compared).toBeGreaterThan(140);
  });

  it('finds nothing where nothing differs, and everything where all differ alike', () => {
    expect(pairedTTest([1, 2, 3], [1, 2, 3])).toEqual({ t: 0, degreesOfFreedom: 2, p: 1 });
    expect(pairedTTest([1], [2])).toEqual({ t: 0, degreesOfFreedom: 0, p: 1 });
    expect(pairedTTest([1, 2, 3], [2, 3, 4])).toEqual({ t: Infinity, degreesOfFreedom: 2, p: 0 });
  });
});

describe('randomisationTest', () => {
  it("equals scipy's permutation_test where all flips are tried", () => {
    let compared = 0;
    for (const [i, { a, b }] of cases.entries()) {
      const p = file.cases[i]![4];
      if (typeof p !== 'number') continue;
      expect(randomisationTest(a, b), `case ${i}`).toEqual({ p: expect.closeTo(p, 12) as number, exact: true });
      compared++;
    }
    expect(compared).toBeGreaterThan(50);
  });

  it("has scipy's one-sided p-values, in both directions", () => {
    let compared = 0;
    for (const [i, { a, b }] of cases.entries()) {
      const p = file.cases[i]![5];
      if (typeof p !== 'number') continue;
      expect(randomisationTails(a, b).fall, `case ${i}`).toBeCloseTo(p, 12);
      expect(randomisationTails(b, a).rise, `case ${i}`).toBeCloseTo(p, 12);
      compared++;
    }
    expect(compared).toBeGreaterThan(50);
    const many = Array.from({ length: 60 }, (_, i) => i / 60);
    const lower = many.map((value) => value - 0.1);
    expect(randomisationTails(many, lower)).toEqual({ fall: 1 / 10_001, rise: 1 });
    expect(randomisationTails(many, many)).toEqual({ fall: 1, rise: 1 });
  });

  it("agrees with scipy's permutation_test with random flips", () => {
    const { a, b } = pairedScores(new Mulberry32(17), 300, 0);
    const p = file.manyPermutations;
    // Five standard errors of a share of 10,000 draws.
    const tolerance = 5 * Math.sqrt((p * (1 - p)) / 10_000) + 1e-4;
    for (const seed of [1, 2, 3]) {
      const ours = randomisationTest(a, b, { ...defaultComparison, seed });
      expect(ours.exact).toBe(false);
      expect(Math.abs(ours.p - p)).toBeLessThan(tolerance);
    }
  });

  it('finds as many false differences as it says', () => {
    const rng = new Mulberry32(23);
    const options = { ...defaultComparison, permutations: 400 };
    let found = 0;
    for (let trial = 0; trial < 1000; trial++) {
      const a = Array.from({ length: 20 }, () => rng.next());
      const b = Array.from({ length: 20 }, () => rng.next());
      if (randomisationTest(a, b, { ...options, seed: trial }).p <= 0.05) found++;
    }
    // 50 expected, standard deviation 6.9.
    expect(found).toBeGreaterThan(20);
    expect(found).toBeLessThan(80);
  });

  it('is never 0', () => {
    const a = Array.from({ length: 50 }, (_, i) => i / 100);
    const b = a.map((value) => value + 0.3);
    expect(randomisationTest(a, b)).toEqual({ p: 1 / 10_001, exact: false });
  });

  it('does not depend on the order of queries, in which sums round differently', () => {
    const tenth = fc.integer({ min: -3, max: 3 }).map((n) => n / 10);
    fc.assert(
      fc.property(fc.array(tenth, { minLength: 2, maxLength: 7 }), (b) => {
        const [a, reversed, sorted] = [b.map(() => 0), b.toReversed(), b.toSorted((x, y) => x - y)];
        const { p } = randomisationTest(a, b);
        expect([randomisationTest(a, reversed).p, randomisationTest(a, sorted).p]).toEqual([p, p]);
      }),
      { numRuns: 300 },
    );
  });

  it('gives the same for the same seed, and is 1 without a difference', () => {
    const { a, b } = pairedScores(new Mulberry32(5), 100, 0);
    expect(randomisationTest(a, b)).toEqual(randomisationTest(a, b));
    expect(randomisationTest(a, a)).toEqual({ p: 1, exact: true });
  });
});

describe('bootstrapIntervals', () => {
  const bootstrapInterval = (a: readonly number[], b: readonly number[]): Interval =>
    bootstrapIntervals([pairedDifferences(a, b)])[0]!;

  it("is near Student's interval where differences are many and well-behaved", () => {
    for (const [i, { a, b }] of cases.entries()) {
      const [, , low, high] = file.cases[i]!;
      if (a.length < 100 || i % 3 !== 0) continue;
      const interval = bootstrapInterval(a, b);
      const width = high! - low!;
      expect(Math.abs(interval.low - low!), `case ${i}`).toBeLessThan(0.1 * width);
      expect(Math.abs(interval.high - high!), `case ${i}`).toBeLessThan(0.1 * width);
    }
  });

  it('holds the mean difference, and nothing else where all differences are equal', () => {
    const { a, b } = pairedScores(new Mulberry32(6), 50, 0);
    const { low, high } = bootstrapInterval(a, b);
    const difference = comparePaired(a, b).difference;
    expect(low).toBeLessThan(difference);
    expect(high).toBeGreaterThan(difference);
    expect(bootstrapInterval([1, 2], [2, 3])).toEqual({ low: 1, high: 1, confidence: 0.95 });
  });
});

describe('the resampling', () => {
  /** By the definitions, one number at a time. */
  function slowly(differences: readonly number[]): { p: number; means: number[] } {
    const n = differences.length;
    const drawn = new RandomSource(1);
    const means = Array.from({ length: 10_000 }, () => {
      const sample = Array.from({ length: n }, () => differences[drawn.below(n)]!);
      return sample.reduce((sum, d) => sum + d, 0) / n;
    });
    const words = new Int32Array(Math.ceil(n / 32));
    const flips = new RandomSource(1);
    const observed = Math.abs(differences.reduce((sum, d) => sum + d, 0));
    let count = 0;
    for (let trial = 0; trial < 10_000; trial++) {
      flips.fill(words);
      const flipped = differences.map((d, i) => (((words[i >> 5]! >>> (i & 31)) & 1) === 1 ? -d : d));
      if (Math.abs(flipped.reduce((sum, d) => sum + d, 0)) >= observed - 1e-9) count++;
    }
    return { p: (count + 1) / 10_001, means: means.sort((x, y) => x - y) };
  }

  it('gives what the definitions give, to the last digit, however many lists there are', () => {
    const rng = new Mulberry32(29);
    const lists = [33, 70, 33, 33, 33, 33, 33, 33, 33, 33, 33].map((n) => pairedScores(rng, n, 0));
    const intervals = bootstrapIntervals(lists.map(({ a, b }) => pairedDifferences(a, b)));
    for (const i of [0, 1, 10]) {
      const { a, b } = lists[i]!;
      const { p, means } = slowly(pairedDifferences(a, b));
      expect(randomisationTest(a, b)).toEqual({ p, exact: false });
      expect(intervals[i]).toEqual(bootstrapIntervals([pairedDifferences(a, b)])[0]);
      // The 250th and 251st of 10,000 means, and those at the other end.
      expect(intervals[i]!.low).toBeGreaterThanOrEqual(means[249]!);
      expect(intervals[i]!.low).toBeLessThanOrEqual(means[250]!);
      expect(intervals[i]!.high).toBeGreaterThanOrEqual(means[9749]!);
      expect(intervals[i]!.high).toBeLessThanOrEqual(means[9750]!);
    }
  });

  it('makes several comparisons the same as each alone', () => {
    const rng = new Mulberry32(31);
    const pairs = [40, 0, 1, 40, 12].map((n) => pairedScores(rng, n, 2));
    expect(compareAllPaired(pairs)).toEqual(pairs.map(({ a, b }) => comparePaired(a, b)));
    expect(compareAllPaired([])).toEqual([]);
  });
});

describe('comparePaired', () => {
  it('counts wins, ties and losses and says how large the effect is', () => {
    const comparison = comparePaired([0, 0.5, 0.5, 1], [1, 0.5, 0.5 + 1e-12, 0.5]);
    expect(comparison).toMatchObject({ queries: 4, wins: 1, ties: 2, losses: 1, meanA: 0.5 });
    expect(comparison.difference).toBeCloseTo(0.125, 10);
    // Differences 1, 0, 0, -0.5: mean 0.125, standard deviation 0.6292…
    expect(comparison.effectSize).toBeCloseTo(0.125 / Math.sqrt((0.875 ** 2 + 2 * 0.125 ** 2 + 0.625 ** 2) / 3), 8);
  });

  it('turns its signs round when the systems are swapped', () => {
    const score = fc.double({ min: 0, max: 1, noNaN: true });
    const values = fc.array(fc.tuple(score, score), { maxLength: 11 });
    fc.assert(
      fc.property(values, (pairs) => {
        const [a, b] = [pairs.map(([x]) => x), pairs.map(([, y]) => y)];
        const options = { ...defaultComparison, samples: 100 };
        const [one, other] = [comparePaired(a, b, options), comparePaired(b, a, options)];
        expect(other.difference).toBe(0 - one.difference);
        expect(other.tTest.p).toBeCloseTo(one.tTest.p, 9);
        expect(other.randomisation.p).toBeCloseTo(one.randomisation.p, 9);
        expect([other.wins, other.losses]).toEqual([one.losses, one.wins]);
        expect(one.wins + one.ties + one.losses).toBe(pairs.length);
      }),
      { numRuns: 50 },
    );
  });

  it('refuses lists of two lengths', () => {
    expect(() => comparePaired([1], [1, 2])).toThrow(RangeError);
  });
});

describe('holm', () => {
  it.each([
    [[], []],
    [[0.04], [0.04]],
    [
      [0.01, 0.04, 0.03, 0.005],
      [0.03, 0.06, 0.06, 0.02],
    ],
    [
      [0.5, 0.9, 0.4],
      [1, 1, 1],
    ],
  ])('corrects %j to %j', (pValues, expected) => {
    const corrected = holm(pValues);
    expect(corrected).toHaveLength(expected.length);
    corrected.forEach((p, i) => {
      expect(p).toBeCloseTo(expected[i]!, 12);
    });
  });
});
