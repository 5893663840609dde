import { mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { freemem, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createBiEncoder, createCrossEncoder } from '../../src/models/index.js';
import { golden, relativeError, type LargeGolden } from './goldens.js';
import { gptNeo125m, writeRandomGptNeo } from './random-gpt-neo.js';

const expected = golden('gpt-neo-125m') as LargeGolden;
/** Vectors and scores are to agree to 1e-4; sums of 768 and 3072 float32 products in another order stay well below. */
const tolerance = 1e-4;

function shortage(): string | undefined {
  if (process.env['SGPT_BENCH_SKIP_LARGE'] !== undefined) return 'SGPT_BENCH_SKIP_LARGE is set';
  const disk = statfsSync(tmpdir());
  if (disk.bavail * disk.bsize < 2e9) return `less than 2 GB free in ${tmpdir()}`;
  return freemem() < 3e9 ? 'less than 3 GB of memory free' : undefined;
}

const reason = shortage();
describe.skipIf(reason !== undefined)(`a checkpoint of 125M shape${reason === undefined ? '' : ` (${reason})`}`, () => {
  let model: string;
  beforeAll(() => {
    model = mkdtempSync(join(tmpdir(), 'sgpt-bench-125m-'));
    writeRandomGptNeo(model, gptNeo125m, 'F16');
  });
  afterAll(() => {
    rmSync(model, { recursive: true, force: true });
  });

  it('embeds texts up to 2048 tokens as transformers does', async () => {
    const poolings = ['weightedmean', 'mean', 'lasttoken'];
    const encoder = await createBiEncoder({ model, pooling: poolings, brackets: 'specb', maxTokens: null, threads: 2 });
    try {
      expect(encoder.model.files['model.safetensors']).toBe(expected.sha256);
      expect(encoder.model.parameters).toBe(125_198_592);
      const matrices = await encoder.encode(
        expected.embeddings.map(({ text }) => text),
        'document',
      );
      expected.embeddings.forEach(({ vectors }, row) => {
        encoder.views.forEach(({ name }, view) => {
          const { columns, data } = matrices[view]!;
          const vector = data.subarray(row * columns, (row + 1) * columns);
          const { beginning, norm } = vectors[name]!;
          expect(relativeError(vector.subarray(0, beginning.length), beginning)).toBeLessThan(tolerance);
          expect(Math.abs(Math.hypot(...vector) / norm - 1)).toBeLessThan(tolerance);
        });
      });
    } finally {
      await encoder.close();
    }
  });

  it('scores pairs, overlong ones too, as transformers does', async () => {
    const scorer = await createCrossEncoder({ model, prompt: 'G', threads: 2 });
    try {
      const documents = [...new Set(expected.scores.map(({ document }) => document))];
      const pairsOf = (document: string): LargeGolden['scores'] =>
        expected.scores.filter((pair) => pair.document === document);
      const scores = await scorer.score(
        documents.map((document) => ({ document, queries: pairsOf(document).map(({ query }) => query) })),
      );
      documents.forEach((document, i) => {
        pairsOf(document).forEach(({ score }, j) => {
          expect(Math.abs(scores[i]![j]! / score - 1)).toBeLessThan(tolerance);
        });
      });
    } finally {
      await scorer.close();
    }
  });
});
