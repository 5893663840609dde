import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Encoder, PairGroup, PairScorer } from '../../src/core/model.js';
import { createBiEncoder, createCrossEncoder } from '../../src/models/index.js';
import { poolings as known } from '../../src/models/pooling/poolings.js';
import { fixture, relativeError } from './goldens.js';

const model = fixture('gpt-neo');
const poolings = known.filter((name) => name !== 'pooler');

/** Texts of many lengths, from none to beyond the model's 64 positions. */
const texts = fc.sample(fc.string({ maxLength: 120, unit: 'grapheme' }), { numRuns: 60, seed: 7 });
const groups: PairGroup[] = fc.sample(
  fc.record({
    document: fc.string({ maxLength: 60 }),
    queries: fc.array(fc.string({ maxLength: 30 }), { maxLength: 12 }),
  }),
  { numRuns: 30, seed: 7 },
);

describe('encoding', () => {
  let one: Encoder;
  let three: Encoder;
  beforeAll(async () => {
    const options = { model, pooling: poolings, layer: ['all'], brackets: 'specb', maxTokens: null } as const;
    one = await createBiEncoder({ ...options, threads: 1 });
    three = await createBiEncoder({ ...options, threads: 3 });
  });
  afterAll(async () => {
    await one.close();
    await three.close();
  });

  it('gives the same bytes whatever the number of workers, and whatever is encoded beside a text', async () => {
    const together = await three.encode(texts, 'document');
    for (const [row, text] of texts.entries()) {
      const alone = await one.encode([text], 'document');
      together.forEach(({ columns, data }, view) => {
        expect(data.subarray(row * columns, (row + 1) * columns)).toEqual(alone[view]!.data);
      });
    }
  });

  it('computes a pooling the same alone as among others', async () => {
    const encoder = await createBiEncoder({
      model,
      pooling: ['mean'],
      brackets: 'specb',
      maxTokens: null,
      threads: 1,
    });
    const [alone] = await encoder.encode(texts, 'query');
    await encoder.close();
    const among = await one.encode(texts, 'query');
    expect(among[one.views.findIndex(({ name }) => name === 'mean')]!.data).toEqual(alone!.data);
  });

  it('pools a single token to itself, whatever the pooling', async () => {
    const encoder = await createBiEncoder({ model, pooling: poolings, brackets: 'none', maxTokens: 1, threads: 1 });
    const matrices = await encoder.encode(['a', 'b', 'text that is cut'], 'document');
    await encoder.close();
    const of = (pooling: string): Float32Array =>
      matrices[encoder.views.findIndex(({ name }) => name === pooling)]!.data;
    for (const pooling of ['mean', 'lasttoken', 'cls', 'max']) expect(of(pooling)).toEqual(of('weightedmean'));
    expect(of('lasttokenmean')).toEqual(of('meanmean'));
  });

  it('tells every text done once', async () => {
    let done = 0;
    await three.encode(texts, 'document', { onProgress: (more) => (done += more) });
    expect(done).toBe(texts.length);
  });
});

describe('a text without tokens', () => {
  it('has the zero vector, and disturbs no other', async () => {
    const encoder = await createBiEncoder({
      model,
      pooling: ['weightedmean'],
      brackets: 'none',
      maxTokens: null,
      threads: 1,
    });
    const [matrix] = await encoder.encode(['', 'text', ' \n\u2003'], 'document');
    const [alone] = await encoder.encode(['text'], 'document');
    await encoder.close();
    expect(matrix!.data.subarray(0, 36)).toEqual(new Float32Array(36));
    expect(matrix!.data.subarray(36, 72)).toEqual(alone!.data);
    expect(matrix!.data.subarray(72)).toEqual(new Float32Array(36));
  });
});

describe('scoring', () => {
  let one: PairScorer;
  let three: PairScorer;
  beforeAll(async () => {
    one = await createCrossEncoder({ model, prompt: 'C', threads: 1 });
    three = await createCrossEncoder({ model, prompt: 'C', threads: 3 });
  });
  afterAll(async () => {
    await one.close();
    await three.close();
  });

  it('gives packed pairs the scores they have alone, to 1e-5', async () => {
    const packed = await three.score(groups);
    const alone = await one.score(
      groups.flatMap(({ document, queries }) => queries.map((query) => ({ document, queries: [query] }))),
    );
    const all = packed.flatMap((scores) => [...scores]);
    expect(all).toHaveLength(alone.length);
    alone.forEach(([score], i) => {
      expect(relativeError([all[i]!], [score!])).toBeLessThan(1e-5);
    });
  });

  it('gives the same bytes whatever the number of workers', async () => {
    expect(await three.score(groups)).toEqual(await one.score(groups));
  });

  it('tells every pair done once, those without tokens too', async () => {
    let done = 0;
    await three.score(groups, { onProgress: (more) => (done += more) });
    expect(done).toBe(groups.reduce((sum, { queries }) => sum + queries.length, 0));
  });
});
