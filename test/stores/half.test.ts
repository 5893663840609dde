import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fromHalf, largestHalf, toHalf } from '../../src/stores/vectors/half.js';

const every = Uint16Array.from({ length: 1 << 16 }, (_, pattern) => pattern);
const values = fromHalf(every);

test('every half comes back as it was; those that are not numbers as such', () => {
  const again = toHalf(values);
  for (const pattern of every) {
    if (Number.isNaN(values[pattern])) expect(again[pattern]! & 0x7fff).toBe(0x7e00);
    else expect(again[pattern]).toBe(pattern);
  }
});

test('patterns stand for the values of IEEE 754', () => {
  const expected = [0, 2 ** -24, 1023 * 2 ** -24, 2 ** -14, 1, 1 + 2 ** -10, 2, largestHalf, Infinity];
  expect([0, 1, 0x3ff, 0x400, 0x3c00, 0x3c01, 0x4000, 0x7bff, 0x7c00].map((pattern) => values[pattern])).toEqual(
    expected,
  );
  expect([0x8000, 0xbc00, 0xfc00].map((pattern) => values[pattern])).toEqual([-0, -1, -Infinity]);
});

test('a number becomes the nearest half; of two equally near, the even one', () => {
  const finite = Array.from(every.subarray(0, 0x7c00), (pattern) => values[pattern]!);
  fc.assert(
    fc.property(
      fc.oneof(
        fc.float({ noNaN: true, min: -65519, max: 65519 }),
        fc.nat(0x7bfe).map((at) => Math.fround((finite[at]! + finite[at + 1]!) / 2)),
        fc.float({ noNaN: true, min: -(2 ** -13), max: 2 ** -13 }),
      ),
      (value) => {
        const magnitude = Math.abs(value);
        const pattern = toHalf(Float32Array.of(value))[0]!;
        expect(pattern >= 0x8000).toBe(Object.is(Math.sign(value), -0) || value < 0);
        const at = pattern & 0x7fff;
        const error = Math.abs(magnitude - finite[at]!);
        for (const other of [at - 1, at + 1]) {
          if (finite[other] === undefined) continue;
          const otherError = Math.abs(magnitude - finite[other]);
          expect(error < otherError || (error === otherError && at % 2 === 0)).toBe(true);
        }
      },
    ),
    { numRuns: 2000 },
  );
  expect([...toHalf(Float32Array.of(65519.99, 65520, -1e30))]).toEqual([0x7bff, 0x7c00, 0xfc00]);
});
