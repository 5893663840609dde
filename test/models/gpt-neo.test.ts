import { afterAll, describe, expect, it } from 'vitest';
import type { Encoder, PairScorer } from '../../src/core/model.js';
import { createBiEncoder, createCrossEncoder } from '../../src/models/index.js';
import { poolings } from '../../src/models/pooling.js';
import { fixture, golden, relativeError } from './goldens.js';

const model = fixture('gpt-neo');
const expected = golden('gpt-neo');

/** Relative to the largest value of a vector, or to the score: float32 sums in another order differ by some 1e-6. */
const tolerance = 1e-5;

describe('bi-encoder', () => {
  const encoders = new Map<string, Promise<Encoder>>();
  const encoderFor = (brackets: 'none' | 'specb', maxTokens: number): Promise<Encoder> => {
    const key = `${brackets} ${maxTokens}`;
    const encoder =
      encoders.get(key) ?? createBiEncoder({ model, poolings, layers: [0, 3, 5], brackets, maxTokens, threads: 1 });
    encoders.set(key, encoder);
    return encoder;
  };
  afterAll(async () => {
    await Promise.all([...encoders.values()].map(async (encoder) => (await encoder).close()));
  });

  it.each(expected.embeddings)('$brackets $role "$text"', async ({ text, brackets, role, maxTokens, vectors }) => {
    const encoder = await encoderFor(brackets, maxTokens);
    const matrices = await encoder.encode([text], role);
    expect(encoder.views.map(({ pooling, layer }) => `${pooling}@${layer}`).sort()).toEqual(Object.keys(vectors).sort());
    encoder.views.forEach(({ pooling, layer }, i) => {
      expect(relativeError(matrices[i]!.data, vectors[`${pooling}@${layer}`]!)).toBeLessThan(tolerance);
    });
  });
});

describe('cross-encoder', () => {
  const scorers = new Map<string, Promise<PairScorer>>();
  const scorerFor = (prompt: string): Promise<PairScorer> => {
    const scorer = scorers.get(prompt) ?? createCrossEncoder({ model, prompt, threads: 1 });
    scorers.set(prompt, scorer);
    return scorer;
  };
  afterAll(async () => {
    await Promise.all([...scorers.values()].map(async (scorer) => (await scorer).close()));
  });

  it.each(expected.scores)('prompt $prompt, "$document", "$query"', async ({ prompt, document, query, score }) => {
    const scorer = await scorerFor(prompt);
    const [scores] = await scorer.score([{ document, queries: [query] }]);
    expect(Math.abs(scores![0]! - score)).toBeLessThanOrEqual(tolerance * Math.abs(score));
  });
});
