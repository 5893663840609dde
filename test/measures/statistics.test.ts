import { createRequire } from 'node:module';
import { beforeAll, describe, expect, it } from 'vitest';
import { mean, quantiles, standardDeviation } from '../../src/measures/statistics.js';

const loaded = (): string[] =>
  Object.keys(createRequire(import.meta.url).cache).filter((path) => path.includes('mathjs'));

let before: string[] = [];
beforeAll(() => {
  before = loaded();
});

describe('statistics', () => {
  it('load mathjs at their first use, as one file', () => {
    expect(before).toEqual([]);
    mean([]);
    expect(loaded()).toEqual([]);
    mean([1]);
    expect(loaded()).toHaveLength(1);
  });

  it('have the mean, summed in the order of the values', () => {
    const values = [0.1, 0.2, 0.3, 1e16, -1e16];
    expect(mean(values)).toBe(values.reduce((sum, value) => sum + value) / 5);
    expect(mean([])).toBe(0);
  });

  it('have the standard deviation of a sample', () => {
    expect(standardDeviation([2, 4, 4, 4, 5, 5, 7, 9])).toBeCloseTo(Math.sqrt(32 / 7), 15);
    expect([[], [3]].map(standardDeviation)).toEqual([0, 0]);
  });

  it('have quantiles as numpy has them', () => {
    expect(quantiles([1, 2, 3, 4], [0, 0.25, 0.5, 1])).toEqual([1, 1.75, 2.5, 4]);
    expect(quantiles([7], [0.025, 0.975])).toEqual([7, 7]);
  });
});
