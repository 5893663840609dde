import fc from 'fast-check';
import { expect, test } from 'vitest';
import { entryOf, maxPositions, positionOf, scoreOf } from '../../src/search/selection/score-order.js';

const score = fc.float({ noNaN: true }).map((value) => value + 0); // -0 is 0
const position = fc.nat(maxPositions - 1);

test('an entry holds its score and its position', () => {
  fc.assert(
    fc.property(score, position, (value, at) => {
      const entry = entryOf(value, at);
      expect([scoreOf(entry), positionOf(entry)]).toEqual([value, at]);
    }),
  );
});

test('entries are ordered by score descending, equal scores by position', () => {
  const few = fc.oneof(score, fc.constantFrom(0, 1, -1, Infinity, -Infinity));
  fc.assert(
    fc.property(few, position, few, position, (a, placeA, b, placeB) => {
      const before = a === b ? placeA < placeB : a > b;
      expect(entryOf(a, placeA) < entryOf(b, placeB)).toBe(before);
    }),
  );
});
