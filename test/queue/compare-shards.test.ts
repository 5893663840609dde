import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Matrix } from '../../src/core/model.js';
import { asStored, largestDifference, toleranceOf } from '../../src/queue/compare-shards.js';
import { WorkLog } from '../../src/queue/work-log.js';

const matrix = (columns: number, ...numbers: number[]): Matrix => ({
  rows: numbers.length / columns,
  columns,
  data: Float32Array.from(numbers),
});

describe('the difference of two shards', () => {
  it('is relative to the largest number of a row, and 0 only for equal bits', () => {
    const first = matrix(2, 1, -4, 100, 50);
    expect(largestDifference([first], [matrix(2, 1, -4, 100, 50)])).toBe(0);
    expect(largestDifference([first], [matrix(2, 1, -3, 100, 50)])).toBe(0.25);
    expect(largestDifference([first], [matrix(2, 1, -4, 100, 51)])).toBeCloseTo(0.01);
    expect(largestDifference([matrix(1, 0)], [matrix(1, -0)])).toBeGreaterThan(0);
  });

  it('is beyond every tolerance for other shapes and for numbers that are not finite', () => {
    const largest = toleranceOf('int8', 'float16');
    for (const other of [matrix(1, 1, 2), matrix(3, 1, 2, 3), matrix(2, NaN, 2), matrix(2, Infinity, 2), undefined])
      expect(largestDifference([matrix(2, 1, 2)], [other])).toBeGreaterThan(largest);
    expect(largestDifference([matrix(1, 1)], [])).toBeGreaterThan(largest);
  });

  it('of shards stored as float16 is that of the rounded numbers', async () => {
    const keys = ['a'.repeat(64)];
    const content = { matrices: [matrix(2, 1, 1.0001)], inputs: 1, counts: null };
    const [rounded] = await asStored(keys, content, 'float16');
    expect([...rounded!.data]).toEqual([1, 1]);
    const [same] = await asStored(keys, content, 'float32');
    expect(largestDifference([same!], [matrix(2, 1, 1.0001)])).toBe(0);
  });
});

describe('the sample of shards that are compared', () => {
  const result = { worker: 'a:1', processor: 'P', computed: true, difference: null };
  const keys = fc.stringMatching(/^[0-9a-f]{64}$/);

  it('has one shard at least, and then a share that follows from the keys', async () => {
    const log = new WorkLog(0.25, 'b');
    log.add(result);
    expect(log.isSampled('f'.repeat(64))).toBe(true);
    await log.compared(() => Promise.resolve(null)); // nobody was there
    expect(log.isSampled('f'.repeat(64))).toBe(true);
    await log.compared(() => Promise.resolve(0));
    const sampled = fc.sample(keys, { numRuns: 2000, seed: 7 }).filter((key) => log.isSampled(key));
    expect(sampled.length / 2000).toBeCloseTo(0.25, 1);
    expect(sampled.every((key) => parseInt(key[0]!, 16) < 4)).toBe(true);
  });

  it('is empty for 0 and everything for 1', async () => {
    const [none, all] = [new WorkLog(0, 'b'), new WorkLog(1, 'b')];
    await all.compared(() => Promise.resolve(0));
    fc.assert(fc.property(keys, (key) => !none.isSampled(key) && all.isSampled(key)));
  });

  it('is reported with who computed what', async () => {
    const log = new WorkLog(1, 'b');
    expect(log.summary()).toBeUndefined();
    for (const worker of ['b:2', 'a:1', 'b:2']) log.add({ ...result, worker });
    log.add({ ...result, computed: false });
    expect(log.summary()).toMatch(/^none of 3 shards was computed a second time/);
    for (const difference of [0, 3e-7, 1e-7]) await log.compared(() => Promise.resolve(difference));
    expect(log.report()).toEqual({
      workers: [
        { name: 'a:1', processor: 'P', shards: 1 },
        { name: 'b:2', processor: 'P', shards: 2 },
      ],
      ...{ build: 'b', compared: 3, differing: 2, largestDifference: 3e-7 },
    });
    expect(log.summary()).toBe(
      '3 of 3 shards were computed by a second worker, too: 2 differ in the last bits, by at most 3e-7',
    );
  });
});
