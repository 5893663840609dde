import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TopDocuments } from '../../src/search/selection/top-documents.js';

test('keeps the best in order: score descending, lower number first among equals', () => {
  const scores = fc.array(fc.oneof(fc.float({ noNaN: true }), fc.constantFrom(0, 1, 2)), { maxLength: 60 });
  fc.assert(
    fc.property(scores, fc.integer({ min: 0, max: 70 }), fc.func(fc.nat()), (values, limit, shuffle) => {
      const single = Float32Array.from(values).map((value) => value + 0); // -0 is 0
      const numbers = [...single.keys()];
      const top = new TopDocuments(limit);
      const key = new Map(numbers.map((number) => [number, shuffle(number)]));
      for (const number of [...numbers].sort((a, b) => key.get(a)! - key.get(b)!)) top.offer(single[number]!, number);
      const best = numbers.sort((a, b) => (single[a] === single[b] ? a - b : single[b]! > single[a]! ? 1 : -1));
      const kept = top.drain();
      expect([...kept.numbers]).toEqual(best.slice(0, limit));
      expect([...kept.scores]).toEqual(best.slice(0, limit).map((number) => single[number]!));
      expect(top.drain().numbers.length).toBe(0);
    }),
  );
});
