import { describe, expect, it } from 'vitest';
import { roundHalfEven } from '../../src/measures/index.js';
import { golden, Mulberry32 } from './cases.js';

describe('roundHalfEven', () => {
  it("equals Python's round on random numbers, halves and their neighbours", () => {
    const { values: expected } = golden('rounding') as { values: number[] };
    const rng = new Mulberry32(7);
    const rounded: number[] = [];
    for (let i = 0; i < 5000; i++) {
      const digits = [5, 2, 4, 0][rng.below(4)]!;
      const half = (rng.below(10 ** (digits + 1)) + 0.5) / 10 ** digits;
      const dyadic = rng.below(4096) / 2 ** (digits > 0 ? digits + 1 : 1);
      const numbers = [rng.next(), half, neighbour(half, 1), neighbour(half, -1), dyadic, -dyadic];
      for (const value of numbers) rounded.push(roundHalfEven(value, digits));
    }
    expect(rounded).toEqual(expected);
  });

  it.each([
    [1 / 64, 5, 0.01562],
    [3 / 64, 5, 0.04688],
    [2.5, 0, 2],
    [3.5, 0, 4],
    [0.5, 0, 0],
    [-2.5, 0, -2],
    [0.125, 2, 0.12],
    [2.675, 2, 2.67], // a little less than it looks
    [1e22, 5, 1e22],
    [NaN, 5, NaN],
    [-Infinity, 2, -Infinity],
  ])('rounds %d to %d digits: %d', (value, digits, expected) => {
    expect(roundHalfEven(value, digits)).toBe(expected);
  });
});

/** The next double above (1) or below (-1) a number that is not negative (0 has no neighbour below). */
function neighbour(value: number, step: 1 | -1): number {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  view.setBigInt64(0, view.getBigInt64(0) + BigInt(step));
  return view.getFloat64(0);
}
