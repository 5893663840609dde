import { describe, expect, it } from 'vitest';
import { defaultLimits } from '../../src/results/check/limits.js';
import { noises, simulate, type Noise, type Outcome } from '../../tools/gate/simulation.js';

const trials = 40;

/** A check of a few results, with the default rule and a fixed seed. docs/ci.md has the whole table. */
function outcome(tests: number, queries: number, drop: number, noise: Noise = noises['another processor']): Outcome {
  return simulate({ tests, queries, drop, noise }, defaultLimits, trials, 3);
}

describe("the gate's default rule, by simulation", () => {
  it('does not cry wolf over rounding, however few the queries', () => {
    for (const [tests, queries] of [
      [40, 5],
      [40, 20],
      [10, 300],
    ] as const)
      expect(outcome(tests, queries, 0).falseAlarm).toBe(0);
  });

  it('cries wolf over a system trained again no more often than alpha says, given enough queries', () => {
    // 5 % of checks at most by significance; 40 trials with more than six have a chance of 0.3 %.
    expect(outcome(10, 300, 0, noises['trained again']).falseAlarm).toBeLessThanOrEqual(6 / trials);
  });

  it('finds every drop above 0.05, also where no p-value could', () => {
    for (const [tests, queries] of [
      [1, 5],
      [80, 10],
    ] as const) {
      const { found, significant } = outcome(tests, queries, 0.1);
      expect(found).toBeGreaterThan(0.9);
      if (tests * 2 ** -queries > defaultLimits.alpha) expect(significant).toBe(0);
    }
  });

  it('finds small drops that many queries share', () => {
    expect(outcome(20, 300, 0.02).found).toBe(1);
    expect(outcome(20, 50, 0.02).found).toBeGreaterThan(0.9);
  });

  it('lets drops of up to half a point pass', () => {
    const none = { share: 0, size: 0 };
    expect(outcome(10, 300, 0.005, none).found).toBe(0);
    expect(outcome(10, 300, 0.006, none).found).toBe(1);
  });
});
