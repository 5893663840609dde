import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { PartialSpec } from '../../src/core/system-spec.js';
import { bench } from '../../src/pipeline/bench.js';
import type { StoredResult } from '../../src/results/store.js';
import { temporaryFolder } from '../helpers/folder.js';
import { nfcorpusFolder, nfcorpusMissing } from '../helpers/nfcorpus.js';
import { golden } from './goldens.js';

/** nDCG@10 by sentence-transformers (tools/goldens/embeddings/nfcorpus_minilm.py). */
const { 'nDCG@10': expected } = golden('nfcorpus-minilm') as { 'nDCG@10': Readonly<Record<string, number>> };

/** The folder of sentence-transformers/all-MiniLM-L6-v2. */
const model = process.env['SGPT_BENCH_MINILM'];
const missing =
  model === undefined || !existsSync(join(model, 'model.safetensors'))
    ? 'skipped: SGPT_BENCH_MINILM is not the folder of all-MiniLM-L6-v2'
    : nfcorpusMissing;

describe.skipIf(missing !== undefined)(`MiniLM on NFCorpus${missing === undefined ? '' : ` (${missing})`}`, () => {
  it('has the numbers of sentence-transformers to 5 digits: prompts, similarities, dimensions, precisions', async () => {
    const [output, task] = [temporaryFolder(), await nfcorpusFolder()];
    const run = async (fields: Partial<PartialSpec>): Promise<StoredResult[]> => {
      const systems = [{ runner: 'bi-encoder', model: model!, ...fields }];
      // trec_eval's conventions, which the reference has, too.
      return bench({ tasks: [task], systems, output, profile: 'trec_eval' });
    };
    const found: Record<string, number> = {};
    const keep = (names: readonly string[], results: readonly StoredResult[]): void => {
      names.forEach((name, i) => (found[name] = results[i]!.record.measures['nDCG@10']!));
    };
    keep(['e5 prompts'], await run({ queryPrompt: 'query: ', documentPrompt: 'passage: {text}' }));
    for (const similarity of ['cosine', 'dot', 'euclidean', 'manhattan'] as const)
      keep([similarity], await run({ similarity }));
    keep(['256 dimensions', '64 dimensions'], await run({ dimensions: [256, 64] }));
    keep(['int8', 'binary'], await run({ precision: ['int8', 'binary'] }));
    for (const [name, value] of Object.entries(found))
      expect([name, value]).toEqual([name, expect.closeTo(expected[name]!, 5)]);
  }, 3_600_000);
});
