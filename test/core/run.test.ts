import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isTied, rank, withoutIdenticalId } from '../../src/core/run.js';

describe('rank', () => {
  it('orders by score, equal scores by id descending in byte order', () => {
    const { ids } = rank(['a', 'B', 'c', 'd10', 'd9'], [1, 1, 2, 1, 1]);
    expect(ids).toEqual(['c', 'd9', 'd10', 'a', 'B']);
  });

  it('compares in float32, so that a difference beyond it is a tie', () => {
    expect(rank(['a', 'b'], [1 + 1e-9, 1]).ids).toEqual(['b', 'a']);
  });

  it('refuses what has no place in an order', () => {
    expect(() => rank(['a', 'b'], [1, NaN])).toThrow('the score of document b is NaN');
    expect(rank(['a', 'b', 'c'], [-Infinity, Infinity, 0]).ids).toEqual(['b', 'c', 'a']);
  });

  it('does not depend on the order of its input and keeps the first ones', () => {
    const entries = fc.uniqueArray(fc.tuple(fc.string(), fc.integer({ min: 0, max: 3 })), { selector: ([id]) => id });
    fc.assert(
      fc.property(entries, fc.nat(10), (pairs, limit) => {
        const full = rank(
          pairs.map(([id]) => id),
          pairs.map(([, score]) => score),
        );
        const backwards = [...pairs].reverse();
        const cut = rank(
          backwards.map(([id]) => id),
          backwards.map(([, score]) => score),
          limit,
        );
        expect(cut.ids).toEqual(full.ids.slice(0, limit));
      }),
    );
  });
});

describe('isTied', () => {
  it.each([
    [[1], false],
    [[1, 1], true],
    [[1, 1, 0.999], false],
    [[0, 0, 0], true],
    [[-20, -20, -20.001], false],
    [[1 + 1e-7, 1, 1 - 1e-7], true],
    [[1e-9, -1e-9], false],
  ])('%o: %o', (scores, tied) => {
    const ids = scores.map((_, i) => `d${i}`);
    expect(isTied(rank(ids, scores))).toBe(tied);
  });
});

describe('withoutIdenticalId', () => {
  it('takes out the document with the id of the query and leaves its input as it was', () => {
    const ranking = rank(['q', 'a', 'b'], [2, 3, 1]);
    expect(withoutIdenticalId('q', ranking)).toEqual({ ids: ['a', 'b'], scores: Float32Array.of(3, 1) });
    expect(ranking.ids).toEqual(['a', 'q', 'b']);
    expect(withoutIdenticalId('x', ranking)).toBe(ranking);
  });
});
