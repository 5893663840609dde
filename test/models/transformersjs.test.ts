import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { onnxDataTypes } from '../../src/io/onnx-writer.js';
import { createBiEncoder, type BiEncoderOptions } from '../../src/models/index.js';
import { GraphBuilder } from '../../src/models/onnx/graph.js';
import { openTokenizer } from '../../src/models/checkpoint/tokenizer.js';
import { temporaryFolder } from '../helpers/folder.js';
import { fixture, relativeError } from './goldens.js';

const size = 4;
/** Angles reach 164, so that float32 holds them to 2e-5. */
const tolerance = 5e-5;

/** A folder in transformers.js' layout whose model gives hidden states that a test can work out: sin(id · (d + 1) / 10). */
function exportedFolder(modules?: string): string {
  const folder = join(temporaryFolder(), 'exported');
  cpSync(fixture('gpt-neo'), folder, { recursive: true });
  if (modules !== undefined) cpSync(join(fixture('sentence-transformers'), modules), folder, { recursive: true });
  rmSync(join(folder, 'model.safetensors'));
  writeFileSync(join(folder, 'config.json'), JSON.stringify({ model_type: 'bert', max_position_embeddings: 16 }));
  mkdirSync(join(folder, 'onnx'));
  const graph = new GraphBuilder();
  const ids = graph.input('input_ids', 'int64', ['batch', 'tokens']);
  const mask = graph.input('attention_mask', 'int64', ['batch', 'tokens']);
  const numbers = graph.op('Cast', [graph.op('Mul', [ids, mask])], { to: onnxDataTypes.float32 });
  const range = graph.op('Range', [graph.integer(1), graph.integer(size + 1), graph.integer(1)]);
  const factors = graph.op('Mul', [graph.op('Cast', [range], { to: onnxDataTypes.float32 }), graph.scalar(0.1)]);
  const angles = graph.op('Mul', [graph.op('Unsqueeze', [numbers, graph.integers([2])]), factors]);
  graph.output('last_hidden_state', graph.op('Sin', [angles]), ['batch', 'tokens', size]);
  writeFileSync(join(folder, 'onnx', 'model.onnx'), graph.serialize());
  return folder;
}

const state = (id: number): number[] => Array.from({ length: size }, (_, d) => Math.sin(id * (d + 1) * 0.1));

async function embed(model: string, text: string, options: Partial<BiEncoderOptions> = {}): Promise<Float32Array[]> {
  const encoder = await createBiEncoder({ model, maxTokens: null, threads: 1, ...options });
  try {
    return (await encoder.encode([text], 'document')).map(({ data }) => data);
  } finally {
    await encoder.close();
  }
}

describe('a model exported for transformers.js', () => {
  it('is pooled by the formulas', async () => {
    const folder = exportedFolder();
    const text = 'some text to embed';
    const ids = (await openTokenizer(folder)).encode(text);
    const states = ids.map(state);
    const sum = (weight: (i: number) => number): number[] =>
      Array.from({ length: size }, (_, d) => states.reduce((total, row, i) => total + weight(i) * row[d]!, 0));
    const expected: Record<string, number[]> = {
      cls: states[0]!,
      lasttoken: states.at(-1)!,
      max: Array.from({ length: size }, (_, d) => Math.max(...states.map((row) => row[d]!))),
      mean: sum(() => 1 / ids.length),
      mean_sqrt_len_tokens: sum(() => 1 / Math.sqrt(ids.length)),
      weightedmean: sum((i) => (2 * (i + 1)) / (ids.length * (ids.length + 1))),
    };
    const poolings = Object.keys(expected);
    const vectors = await embed(folder, text, { poolings });
    poolings.forEach((name, i) => {
      expect(relativeError(vectors[i]!, expected[name]!)).toBeLessThan(tolerance);
    });
  });

  it('does what its modules.json says', async () => {
    const encoder = await createBiEncoder({ model: exportedFolder('concatenated'), maxTokens: null, threads: 1 });
    const [matrix] = await encoder.encode(['one', 'a longer text than the other one, by far'], 'query');
    await encoder.close();
    expect(encoder.views[0]).toMatchObject({ name: 'cls+max+mean_sqrt_len_tokens+normalize', dimensions: 3 * size });
    expect(encoder.settings).toMatchObject({ maxTokens: 9, runtime: 'transformers.js' });
    expect(encoder.model).toMatchObject({ id: 'exported', architecture: 'bert', parameters: null });
    expect(Object.keys(encoder.model.files)).toContain('onnx/model.onnx');
    for (const row of [0, 1])
      expect(Math.hypot(...matrix!.data.subarray(row * 3 * size, (row + 1) * 3 * size))).toBeCloseTo(1, 6);
  });

  it('cuts texts at its positions', async () => {
    const folder = exportedFolder();
    const ids = (await openTokenizer(folder)).encode('word '.repeat(30).trim());
    const [vector] = await embed(folder, 'word '.repeat(30), { poolings: ['lasttoken'] });
    expect(relativeError(vector!, state(ids[15]!))).toBeLessThan(tolerance);
  });

  it('is refused where it cannot do what is asked', async () => {
    const folder = exportedFolder();
    await expect(embed(folder, 'a', { layers: ['all'] })).rejects.toThrow('gives its last hidden state alone');
    await expect(embed(folder, 'a', { poolings: ['meanmean'] })).rejects.toThrow(
      'pooling "meanmean": a model exported',
    );
    await expect(embed(folder, 'a', { device: 'cuda' })).rejects.toThrow('leave --device cuda out');
    await expect(embed(folder, 'a', { dtype: 'int8' })).rejects.toThrow(/model_quantized\.onnx: there is no such file/);
    const path = join(folder, 'onnx', 'model.onnx');
    writeFileSync(path, readFileSync(path).subarray(0, 40));
    await expect(embed(folder, 'a')).rejects.toThrow(/model\.onnx: transformers\.js cannot load this model/);
  });
});
