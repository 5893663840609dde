import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { InputError } from '../../src/core/errors.js';
import { createBiEncoder } from '../../src/models/index.js';
import { inspectModel } from '../../src/models/inspect.js';
import { temporaryFolder } from '../helpers/folder.js';
import { formulaTensors } from './formula-checkpoint.js';
import { golden, relativeError } from './goldens.js';
import { writeTensors, type StoredTensor } from './safetensors-writer.js';

/** What tools/goldens/models/static_embedding.py computed. */
interface StaticGolden {
  readonly files: Readonly<Record<string, object>>;
  readonly shape: readonly [number, number];
  readonly cases: readonly { readonly text: string; readonly vector: number[] }[];
}
const { files, shape, cases } = golden('static-embedding') as StaticGolden;

/** A folder with the table under the name that a program gives it. */
function folderOf(table: string, more: Readonly<Record<string, object>>, ...tensors: StoredTensor[]): string {
  const folder = temporaryFolder();
  const { tokenizer } = golden('tokenizers/bert') as { tokenizer: object };
  for (const [name, json] of Object.entries({ ...files, 'tokenizer.json': tokenizer, ...more }))
    writeFileSync(join(folder, name), JSON.stringify(json));
  const [values] = formulaTensors([[table, shape]]);
  writeTensors(join(folder, 'model.safetensors'), [values!, ...tensors]);
  return folder;
}

const model2vec = { 'config.json': { model_type: 'model2vec', architectures: ['StaticModel'], normalize: true } };
const limit = { 'tokenizer_config.json': { model_max_length: 12 } };

describe('a static embedding', () => {
  it.each([
    ['sentence-transformers', 'embedding.weight', {}],
    ['model2vec', 'embeddings', { ...model2vec, ...limit }],
  ])('as %s saves it gives the vectors of sentence-transformers', async (_, table, more) => {
    const encoder = await createBiEncoder({ model: folderOf(table, more), maxTokens: null, threads: 1 });
    const texts = cases.map(({ text }) => text);
    const [matrix] = await encoder.encode([...texts, ''], 'document').finally(() => encoder.close());
    const { columns, data } = matrix!;
    cases.forEach(({ vector }, i) => {
      expect(relativeError(data.subarray(i * columns, (i + 1) * columns), vector)).toBeLessThan(1e-5);
    });
    expect(data.subarray(texts.length * columns)).toEqual(new Float32Array(columns));
    expect(encoder.model.parameters).toBe(shape[0] * shape[1]);
  });

  it('is described without a config.json', async () => {
    const { modelType, problem, runs } = await inspectModel(folderOf('embedding.weight', {}));
    expect([modelType, problem]).toEqual(['static-embedding', null]);
    expect(runs).toMatchObject({ layers: 0, hiddenSize: shape[1], defaultPooling: 'mean+normalize' });
  });

  it('whose tokens share rows is refused', async () => {
    const mapping = { name: 'mapping', shape: [shape[0]], values: new Float32Array(shape[0]) };
    const model = folderOf('embeddings', model2vec, mapping);
    await expect(createBiEncoder({ model, maxTokens: null, threads: 1 })).rejects.toThrow(InputError);
    await expect(createBiEncoder({ model, maxTokens: null, threads: 1 })).rejects.toThrow('have a tensor "mapping"');
  });
});
