import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ScoreHistogram } from '../../src/search/exact/score-histogram.js';
import { orderOf } from '../../src/search/selection/score-order.js';

const order = fc.oneof(fc.float({ noNaN: true }), fc.float({ min: 0, max: 1, noNaN: true })).map(orderOf);

test('so many scores as it says reach the height, and it lags behind by few', () => {
  fc.assert(
    fc.property(
      fc.array(order, { minLength: 1 }),
      order,
      order,
      fc.integer({ min: 1, max: 20 }),
      (all, a, b, share) => {
        const [lowest, best] = [Math.min(a, b), Math.max(a, b)];
        const histogram = new ScoreHistogram(2, share);
        expect(histogram.add(1, lowest)).toBe(false); // not started
        histogram.start(1, lowest, best);
        let height = lowest;
        for (const [i, one] of all.entries()) {
          // Those below the lowest are not counted.
          if (histogram.add(1, one)) {
            expect(histogram.height(1)).toBeGreaterThan(height);
            height = histogram.height(1);
          }
          const reaching = all.slice(0, i + 1).filter((other) => other >= height);
          if (height > lowest) expect(reaching.length).toBeGreaterThanOrEqual(share);
          // Scores up to the best at the start fall into bins of a 24th of the range at most.
          const beyond = reaching.filter((other) => other >= height + Math.max(1, (best - lowest) / 24));
          if (height <= best) expect(beyond.length).toBeLessThan(share);
        }
      },
    ),
  );
});
