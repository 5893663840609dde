import { describe, expect, it } from 'vitest';
import { averagePrecisionOfPairs, spearman } from '../../src/measures/pairs.js';
import { golden, Mulberry32 } from './cases.js';

/** As `pair_cases` in tools/goldens/measures/make_goldens.py. */
function makePairs(): { scores: number[]; labels: boolean[]; grades: number[] }[] {
  const rng = new Mulberry32(11);
  return Array.from({ length: 200 }, (_, i) => {
    const n = 2 + rng.below(60);
    const ties = 1 + rng.below(4);
    const times = <T>(make: () => T): T[] => Array.from({ length: n }, make);
    const scores = times(() => (i % 2 === 1 ? Math.floor(rng.next() * 10 * ties) / ties : rng.next()));
    return { scores, labels: times(() => rng.below(2) === 1), grades: times(() => rng.below(6)) };
  });
}

const { cases: expected } = golden('pairs') as { cases: [number, number | null][] };
const cases = makePairs();

describe('averagePrecisionOfPairs', () => {
  it("equals scikit-learn's average_precision_score, ties included", () => {
    for (const [i, { scores, labels }] of cases.entries())
      expect(Math.abs(averagePrecisionOfPairs(labels, scores) - expected[i]![0]), `case ${i}`).toBeLessThan(1e-14);
  });

  it('does not depend on the order of tied pairs', () => {
    expect(averagePrecisionOfPairs([true, false], [1, 1])).toBe(0.5);
    expect(averagePrecisionOfPairs([false, true], [1, 1])).toBe(0.5);
  });

  it('is 0 without positives and refuses lists of two lengths', () => {
    expect(averagePrecisionOfPairs([false], [1])).toBe(0);
    expect(() => averagePrecisionOfPairs([true], [1, 2])).toThrow(RangeError);
  });
});

describe('spearman', () => {
  it("equals scipy's spearmanr, ties included", () => {
    for (const [i, { scores, grades }] of cases.entries()) {
      const reference = expected[i]![1] ?? NaN;
      const value = spearman(scores, grades);
      if (Number.isNaN(reference)) expect(value, `case ${i}`).toBeNaN();
      else expect(Math.abs(value - reference), `case ${i}`).toBeLessThan(1e-13);
    }
  });

  it('is 1 for the same order, -1 for the opposite one', () => {
    expect(spearman([1, 2, 3, 10], [0, 0.1, 5, 6])).toBeCloseTo(1, 15);
    expect(spearman([1, 2, 3, 10], [4, 3, 2, 1])).toBeCloseTo(-1, 15);
  });
});
