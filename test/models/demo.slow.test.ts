import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Encoder, PairScorer } from '../../src/core/model.js';
import { createBiEncoder, createCrossEncoder } from '../../src/models/index.js';
import { openTokenizer, type Tokenizer } from '../../src/models/checkpoint/tokenizer.js';
import { golden, relativeError, type DemoGolden } from './goldens.js';

const expected = golden('demo') as DemoGolden;
const folderOf = (name: string): string => fileURLToPath(new URL(`../../models/demo/${name}`, import.meta.url));

/** Vectors and scores are to agree to 1e-4; float32 sums in another order stay well below. */
const tolerance = 1e-4;

describe('the tokenizer of the bundled checkpoints', () => {
  let tokenizer: Tokenizer;
  beforeAll(async () => {
    tokenizer = await openTokenizer(folderOf(expected.models[0]!.name));
  });

  it.each(expected.tokens)('$text', ({ text, ids }) => {
    expect(tokenizer.encode(text)).toEqual(ids);
  });
});

describe.each(expected.models)('$name', ({ name, sha256, embeddings, scores }) => {
  let encoder: Encoder;
  let scorer: PairScorer;
  beforeAll(async () => {
    const model = folderOf(name);
    const poolings = ['weightedmean', 'mean', 'lasttoken'];
    encoder = await createBiEncoder({ model, pooling: poolings, brackets: 'auto', maxTokens: 299, threads: 1 });
    scorer = await createCrossEncoder({ model, prompt: 'G', threads: 1 });
  });
  afterAll(async () => {
    await encoder.close();
    await scorer.close();
  });

  it('is the checkpoint that the goldens were made with (else run tools/goldens/models/demo.py)', () => {
    expect(encoder.model.files['model.safetensors']).toBe(sha256);
  });

  it.each(embeddings)('embeds the $role "$text" as transformers does', async ({ text, role, vectors }) => {
    const matrices = await encoder.encode([text], role);
    encoder.views.forEach((view, i) => {
      const { beginning, norm } = vectors[view.name]!;
      expect(relativeError(matrices[i]!.data.subarray(0, beginning.length), beginning)).toBeLessThan(tolerance);
      expect(Math.abs(Math.hypot(...matrices[i]!.data) / norm - 1)).toBeLessThan(tolerance);
    });
  });

  it('scores pairs as transformers does', async () => {
    const results = await scorer.score(scores.map(({ document, query }) => ({ document, queries: [query] })));
    scores.forEach(({ score }, i) => {
      expect(Math.abs(results[i]![0]! / score - 1)).toBeLessThan(tolerance);
    });
  });
});
