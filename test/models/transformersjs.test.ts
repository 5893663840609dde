import { cpSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { onnxDataTypes } from '../../src/io/onnx-writer.js';
import { createBiEncoder, type BiEncoderOptions } from '../../src/models/index.js';
import { GraphBuilder } from '../../src/models/onnx/graph.js';
import { openTokenizer } from '../../src/models/checkpoint/tokenizer.js';
import { temporaryFolder } from '../helpers/folder.js';
import { recordingProgress } from '../helpers/progress.js';
import { poolingEntry, poolings } from '../../src/models/pooling/poolings.js';
import { fixture, relativeError } from './goldens.js';
import { poolingFormulas, weightedSum } from './pooling-formulas.js';
import { writeTensors } from './safetensors-writer.js';

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

type ModuleTensor = readonly [name: string, shape: readonly number[], values: readonly number[]];
type Module = readonly [kind: string, path: string, config: object, tensors: readonly ModuleTensor[]];

/** Gives a folder modules after its transformer, as sentence-transformers writes them. */
function addModules(folder: string, modules: readonly Module[]): void {
  const list = [['Transformer', ''] as const, ...modules].map(([kind, path]) => ({
    type: `sentence_transformers.models.${kind}`,
    path,
  }));
  writeFileSync(join(folder, 'modules.json'), JSON.stringify(list));
  for (const [, path, config, tensors] of modules) {
    mkdirSync(join(folder, path));
    writeFileSync(join(folder, path, 'config.json'), JSON.stringify(config));
    if (tensors.length === 0) continue;
    const stored = tensors.map(([name, shape, values]) => ({ name, shape, values: Float32Array.from(values) }));
    writeTensors(join(folder, path, 'model.safetensors'), stored);
  }
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

describe('a model exported to ONNX', () => {
  it('is pooled by the formulas', async () => {
    const folder = exportedFolder();
    const text = 'some text to embed';
    const ids = (await openTokenizer(folder)).encode(text);
    const states = ids.map(state);
    const ofOneState = poolings.filter((pooling) => poolingEntry(pooling).takes === 'one');
    const vectors = await embed(folder, text, { pooling: ofOneState });
    ofOneState.forEach((name, i) => {
      expect(relativeError(vectors[i]!, poolingFormulas[name](states))).toBeLessThan(tolerance);
    });
  });

  it('is followed by its Dense and Normalize', async () => {
    const weights = Array.from({ length: 3 * size }, (_, i) => Math.sin(i + 1));
    const bias = [0.25, -0.5, 1];
    const folder = exportedFolder();
    addModules(folder, [
      ['Pooling', '1_Pooling', { pooling_mode: 'mean' }, []],
      [
        'Dense',
        '2_Dense',
        { in_features: size, out_features: 3, activation_function: 'torch.nn.modules.activation.Tanh' },
        [
          ['linear.weight', [3, size], weights],
          ['linear.bias', [3], bias],
        ],
      ],
      ['Normalize', '3_Normalize', {}, []],
    ]);
    const text = 'some text to embed';
    const states = (await openTokenizer(folder)).encode(text).map(state);
    const mean = poolingFormulas.mean(states);
    const dense = bias.map((b, o) => Math.tanh(b + mean.reduce((sum, x, i) => sum + x * weights[o * size + i]!, 0)));
    const expected = dense.map((value) => value / Math.hypot(...dense));

    const encoder = await createBiEncoder({ model: folder, maxTokens: null, threads: 1, pooling: ['own', 'mean'] });
    const [own, ofMean] = await encoder.encode([text, 'another one'], 'query');
    await encoder.close();
    expect(encoder.views.map(({ name, dimensions }) => [name, dimensions])).toEqual([
      ['mean+dense+normalize', 3],
      ['mean', size],
    ]);
    expect(relativeError(own!.data.subarray(0, 3), expected)).toBeLessThan(tolerance);
    expect(relativeError(ofMean!.data.subarray(0, size), mean)).toBeLessThan(tolerance);
    expect(Object.keys(encoder.model.files)).toContain('2_Dense/model.safetensors');
    expect(encoder.model.parameters).toBeNull();
  });

  it('is pooled by weights learned for its positions, and takes no longer text than there are', async () => {
    const learned = [0.5, 2, 0.125, 1, 3];
    const folder = exportedFolder();
    const tensors: ModuleTensor[] = [['position_weights', [5], learned]];
    addModules(folder, [['WeightedMeanPooling', '1_WeightedMeanPooling', {}, tensors]]);
    for (const text of ['some', 'some text that is longer than five tokens']) {
      const states = (await openTokenizer(folder)).encode(text).map(state).slice(0, 5);
      const total = learned.slice(0, states.length).reduce((sum, weight) => sum + weight);
      const [vector] = await embed(folder, text);
      expect(
        relativeError(
          vector!,
          weightedSum(states, (i) => learned[i]! / total),
        ),
      ).toBeLessThan(tolerance);
    }
  });

  it('whose Dense has weights of another shape is refused', async () => {
    const folder = exportedFolder();
    const dense = { in_features: size, out_features: 3, bias: false };
    addModules(folder, [
      ['Pooling', '1_Pooling', { pooling_mode: 'mean' }, []],
      ['Dense', '2_Dense', dense, [['linear.weight', [2, size], Array<number>(2 * size).fill(0)]]],
    ]);
    await expect(embed(folder, 'a')).rejects.toThrow(
      `tensor "2_Dense/linear.weight" has shape [2, ${size}]; config.json asks for [3, ${size}]`,
    );
  });

  it('gives a text the same vector whatever is embedded beside it, and the zero vector to one without tokens', async () => {
    const texts = ['one', '', 'a longer text than the other one, by far', 'two words'];
    const options = { model: exportedFolder(), maxTokens: null, threads: 1, pooling: ['weightedmean', 'max'] };
    const encoder = await createBiEncoder(options);
    const together = await encoder.encode(texts, 'document');
    for (const [row, text] of texts.entries()) {
      const alone = await encoder.encode([text], 'document');
      together.forEach(({ data }, view) => {
        expect(data.subarray(row * size, (row + 1) * size)).toEqual(alone[view]!.data);
      });
    }
    await encoder.close();
    expect(together[0]!.data.subarray(size, 2 * size)).toEqual(new Float32Array(size));
  });

  it('does what its modules.json says', async () => {
    const encoder = await createBiEncoder({ model: exportedFolder('concatenated'), maxTokens: null, threads: 1 });
    const [matrix] = await encoder.encode(['one', 'a longer text than the other one, by far'], 'query');
    await encoder.close();
    expect(encoder.views[0]).toMatchObject({ name: 'cls+max+mean_sqrt_len_tokens+normalize', dimensions: 3 * size });
    expect(encoder.settings).toMatchObject({ maxTokens: 9, runtime: 'ONNX export' });
    expect(encoder.model).toMatchObject({ id: 'exported', architecture: 'bert', parameters: null });
    expect(Object.keys(encoder.model.files)).toContain('onnx/model.onnx');
    for (const row of [0, 1])
      expect(Math.hypot(...matrix!.data.subarray(row * 3 * size, (row + 1) * 3 * size))).toBeCloseTo(1, 6);
  });

  it('is marked by what its configuration calls it, as a checkpoint is', async () => {
    const folder = exportedFolder();
    const path = join(folder, 'config.json');
    const config = { model_type: 'bert', _name_or_path: 'org/SGPT-125M-weightedmean-msmarco-specb-bitfit' };
    writeFileSync(path, JSON.stringify(config));
    const encoder = await createBiEncoder({ model: folder, maxTokens: null, threads: 1, pooling: ['mean'] });
    await encoder.close();
    expect(encoder.settings).toMatchObject({ brackets: 'specb' });
  });

  it('cuts texts at its positions', async () => {
    const folder = exportedFolder();
    const ids = (await openTokenizer(folder)).encode('word '.repeat(30).trim());
    const [vector] = await embed(folder, 'word '.repeat(30), { pooling: ['lasttoken'] });
    expect(relativeError(vector!, state(ids[15]!))).toBeLessThan(tolerance);
  });

  it('is refused where it cannot do what is asked', async () => {
    const folder = exportedFolder();
    await expect(embed(folder, 'a', { layer: ['all'] })).rejects.toThrow('has only its last hidden state');
    await expect(embed(folder, 'a', { pooling: ['meanmean'] })).rejects.toThrow(
      'pooling "meanmean": an export has only the last',
    );
    await expect(embed(folder, 'a', { attention: 'causal' })).rejects.toThrow('leave --attention causal out');
    await expect(embed(folder, 'a', { device: 'cuda' })).rejects.toThrow('leave --device cuda out');
    await expect(embed(folder, 'a', { dtype: 'int8' })).rejects.toThrow(/model_quantized\.onnx: there is no such file/);
    const path = join(folder, 'onnx', 'model.onnx');
    writeFileSync(path, readFileSync(path).subarray(0, 40));
    await expect(embed(folder, 'a')).rejects.toThrow(/model\.onnx: ONNX Runtime cannot load this model/);
  });

  it('runs where no file says how to pool only by a requested pooling, but a causal language model by weightedmean', async () => {
    const folder = exportedFolder();
    await expect(embed(folder, 'a')).rejects.toThrow(
      'so no file says how its hidden states are pooled; name it with --p',
    );
    const config = { model_type: 'x', architectures: ['GPTNeoForCausalLM'], max_position_embeddings: 16 };
    writeFileSync(join(folder, 'config.json'), JSON.stringify(config));
    const progress = recordingProgress();
    const [byDefault] = await embed(folder, 'some text', { progress });
    expect([byDefault]).toEqual(await embed(folder, 'some text', { pooling: ['weightedmean'] }));
    expect(progress.notes.join()).toContain('weightedmean is used, as in SGPT');
  });

  it('of any file of the folder can be chosen', async () => {
    const folder = exportedFolder();
    const chosen = join(folder, 'onnx', 'model_fp16.onnx');
    renameSync(join(folder, 'onnx', 'model.onnx'), chosen);
    await expect(embed(folder, 'a')).rejects.toThrow(
      'onnx/model.onnx: there is no such file; choose one with --onnx-file: onnx/model_fp16.onnx',
    );
    const options = { model: folder, maxTokens: null, threads: 1, pooling: ['mean'] };
    for (const onnxFile of ['onnx/model_fp16.onnx', 'model_fp16.onnx']) {
      const encoder = await createBiEncoder({ ...options, onnxFile });
      expect(Object.keys(encoder.model.files)).toContain('onnx/model_fp16.onnx');
      await encoder.close();
    }
  });

  it('stands in for weights that cannot be run, and is named with the reason; without one the error names the ways', async () => {
    const folder = exportedFolder();
    cpSync(join(fixture('gpt-neo'), 'model.safetensors'), join(folder, 'model.safetensors'));
    writeFileSync(join(folder, 'config.json'), JSON.stringify({ model_type: 'unheard_of' }));
    const progress = recordingProgress();
    const text = 'some text';
    const [vector] = await embed(folder, text, { pooling: ['mean'], progress });
    const states = (await openTokenizer(folder)).encode(text).map(state);
    expect(relativeError(vector!, poolingFormulas.mean(states))).toBeLessThan(tolerance);
    expect(progress.notes.join()).toMatch(
      /model_type "unheard_of" is not supported; .*; its ONNX export is used instead/,
    );
    rmSync(join(folder, 'onnx'), { recursive: true });
    await expect(embed(folder, text)).rejects.toThrow(
      /"unheard_of" is not supported; .*; export it \(optimum-cli export onnx --model exported .*or serve it and give --model openai:NAME/,
    );
  });

  it('stands in for a class of its own code, too, which may compute something else than the weights say', async () => {
    const folder = exportedFolder();
    cpSync(join(fixture('gpt-neo'), 'model.safetensors'), join(folder, 'model.safetensors'));
    const config = JSON.parse(readFileSync(join(fixture('gpt-neo'), 'config.json'), 'utf8')) as object;
    const own = { ...config, auto_map: { AutoModel: 'modeling_own.OwnModel' } };
    writeFileSync(join(folder, 'config.json'), JSON.stringify(own));
    const progress = recordingProgress();
    const [vector] = await embed(folder, 'some text', { pooling: ['mean'], progress });
    const states = (await openTokenizer(folder)).encode('some text').map(state);
    expect(relativeError(vector!, poolingFormulas.mean(states))).toBeLessThan(tolerance);
    expect(progress.notes.join()).toMatch(
      /code of its own \(modeling_own\.OwnModel\).*; its ONNX export is used instead/,
    );
  });

  describe('that gives finished vectors', () => {
    /** Adds the output sentence_embedding: sin(first id · (d + 1) / 10) / 2. @param alone without hidden states */
    function finished(folder: string, alone: boolean): string {
      const graph = new GraphBuilder();
      const ids = graph.input('input_ids', 'int64', ['batch', 'tokens']);
      const types = graph.input('token_type_ids', 'int64', ['batch', 'tokens']);
      const past = graph.input('past_key_values.0.key', 'float32', ['batch', 2, 'past', 3]);
      const unused = graph.op('ReduceSum', [graph.op('Concat', [past, past], { axis: 2 })], { keepdims: 0 });
      const all = graph.op('Cast', [graph.op('Add', [ids, types])], { to: onnxDataTypes.float32 });
      const numbers = graph.op('Add', [all, unused]);
      const range = graph.op('Range', [graph.integer(1), graph.integer(size + 1), graph.integer(1)]);
      const factors = graph.op('Mul', [graph.op('Cast', [range], { to: onnxDataTypes.float32 }), graph.scalar(0.1)]);
      const states = graph.op('Sin', [
        graph.op('Mul', [graph.op('Unsqueeze', [numbers, graph.integers([2])]), factors]),
      ]);
      if (!alone) graph.output('token_embeddings', states, ['batch', 'tokens', size]);
      const first = graph.op('Gather', [states, graph.integer(0)], { axis: 1 });
      graph.output('sentence_embedding', graph.op('Mul', [first, graph.scalar(0.5)]), ['batch', size]);
      writeFileSync(join(folder, 'onnx', 'model.onnx'), graph.serialize());
      return folder;
    }
    const text = 'some text to embed';
    const finishedVector = async (folder: string): Promise<number[]> =>
      state((await openTokenizer(folder)).encode(text)[0]!).map((value) => value / 2);

    it.each([true, false])('is taken at its word where no pooling is requested or known', async (alone) => {
      const folder = finished(exportedFolder(), alone);
      const encoder = await createBiEncoder({ model: folder, maxTokens: null, threads: 1 });
      const [matrix] = await encoder.encode([text], 'document');
      await encoder.close();
      expect(encoder.views).toEqual([
        { name: 'sentence_embedding', pooling: 'sentence_embedding', layer: null, dimensions: size },
      ]);
      expect(relativeError(matrix!.data, await finishedVector(folder))).toBeLessThan(tolerance);
    });

    it('is pooled as requested, or as its modules say, if it gives hidden states, too', async () => {
      const folder = finished(exportedFolder(), false);
      const states = (await openTokenizer(folder)).encode(text).map(state);
      const [mean] = await embed(folder, text, { pooling: ['mean'] });
      expect(relativeError(mean!, poolingFormulas.mean(states))).toBeLessThan(tolerance);
      addModules(folder, [['Pooling', '1_Pooling', { pooling_mode: 'max' }, []]]);
      const [max] = await embed(folder, text);
      expect(relativeError(max!, poolingFormulas.max(states))).toBeLessThan(tolerance);
      await expect(embed(finished(exportedFolder(), true), text, { pooling: ['mean'] })).rejects.toThrow(
        'this export gives finished vectors only; leave --pooling',
      );
    });

    it('is taken at its word where the weights of a module are missing', async () => {
      const folder = finished(exportedFolder(), false);
      addModules(folder, [
        ['Pooling', '1_Pooling', { pooling_mode: 'mean' }, []],
        ['Dense', '2_Dense', { in_features: size, out_features: 3 }, []],
      ]);
      const [vector] = await embed(folder, text);
      expect(relativeError(vector!, await finishedVector(folder))).toBeLessThan(tolerance);
    });
  });
});
