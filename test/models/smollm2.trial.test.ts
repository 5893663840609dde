import { describe, expect, it } from 'vitest';
import { createBiEncoder, createCrossEncoder } from '../../src/models/index.js';
import { openTokenizer } from '../../src/models/checkpoint/tokenizer.js';
import { golden, relativeError, type Golden, type LargeGolden } from './goldens.js';

const expected = golden('smollm2') as Pick<Golden, 'tokens'> & LargeGolden;
const model = process.env['SGPT_BENCH_SMOLLM2'];
const title = `SmolLM2-135M${model === undefined ? ' (SGPT_BENCH_SMOLLM2 is not set: see tools/goldens/models/smollm2.py)' : ''}`;
/** Of trained weights, some dimensions are a thousand times larger than others. */
const tolerance = 1e-4;

describe.skipIf(model === undefined)(title, () => {
  it('has the token ids of the Rust tokenizers', async () => {
    const tokenizer = await openTokenizer(model!);
    for (const { text, ids } of expected.tokens) expect(tokenizer.encode(text), text).toEqual(ids);
  });

  it('has the vectors of transformers', async () => {
    const poolings = ['weightedmean', 'lasttoken'];
    const encoder = await createBiEncoder({
      ...{ model: model!, pooling: poolings, brackets: 'none' },
      ...{ maxTokens: null, threads: 2 },
    });
    const texts = expected.embeddings.map(({ text }) => text);
    const matrices = await encoder.encode(texts, 'document').finally(() => encoder.close());
    expected.embeddings.forEach(({ vectors }, row) => {
      encoder.views.forEach(({ name }, view) => {
        const { columns, data } = matrices[view]!;
        const vector = data.subarray(row * columns, (row + 1) * columns);
        const { beginning, norm } = vectors[name]!;
        expect(relativeError(vector.subarray(0, beginning.length), beginning)).toBeLessThan(tolerance);
        expect(Math.abs(Math.hypot(...vector) / norm - 1)).toBeLessThan(tolerance);
      });
    });
  });

  it('has the log-probabilities of transformers', async () => {
    const scorer = await createCrossEncoder({ model: model!, prompt: 'G', threads: 2 });
    const groups = expected.scores.map(({ document, query }) => ({ document, queries: [query] }));
    const scores = await scorer.score(groups).finally(() => scorer.close());
    expected.scores.forEach(({ score }, i) => {
      expect(Math.abs(scores[i]![0]! / score - 1)).toBeLessThan(tolerance);
    });
  });
});
