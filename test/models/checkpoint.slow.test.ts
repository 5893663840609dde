import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { InputError } from '../../src/core/errors.js';
import { openCheckpoint } from '../../src/models/checkpoint/checkpoint.js';
import { createBiEncoder } from '../../src/models/index.js';
import { fixture } from './goldens.js';
import { halfBits } from './random-gpt-neo.js';
import { readTensors, writeTensors, type StoredTensor } from './safetensors-writer.js';

let folder: string;
beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), 'sgpt-bench-checkpoint-')), 'model');
  cpSync(fixture('gpt-neo'), folder, { recursive: true });
});
afterEach(() => {
  rmSync(join(folder, '..'), { recursive: true, force: true });
});

const weights = (): string => join(folder, 'model.safetensors');

async function encode(model = folder): Promise<Float32Array> {
  const options = { model, pooling: ['weightedmean'], maxTokens: null, threads: 1 };
  const encoder = await createBiEncoder(options);
  try {
    const [matrix] = await encoder.encode(['Some text to be embedded.'], 'document');
    return matrix!.data;
  } finally {
    await encoder.close();
  }
}

/** Changes a JSON file. */
function edit(file: string, change: (json: Record<string, unknown>) => void): void {
  const path = join(folder, file);
  const json = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
  change(json);
  writeFileSync(path, JSON.stringify(json));
}

async function expectRefusal(message: string | RegExp): Promise<void> {
  const error = await encode().then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(InputError);
  expect((error as Error).message).toMatch(message);
  expect((error as Error).message).not.toContain('\n');
}

describe('storage', () => {
  /** Weights that fp16 and bf16 both hold exactly: rounded to four bits, nothing smaller than 2^-13. */
  const rounded = (): StoredTensor[] =>
    readTensors(weights()).map((tensor) => ({
      ...tensor,
      values: tensor.values.map((value) => {
        if (Math.abs(value) < 2 ** -13) return 0;
        const step = 2 ** (Math.floor(Math.log2(Math.abs(value))) - 3);
        return Math.round(value / step) * step;
      }),
    }));

  it('half precision gives the vectors of the same numbers in single precision', async () => {
    const tensors = rounded();
    writeTensors(weights(), tensors);
    const single = await encode();
    writeTensors(weights(), tensors, 'F16', halfBits);
    expect(await encode()).toEqual(single);
    const bits = new DataView(new ArrayBuffer(4));
    writeTensors(weights(), tensors, 'BF16', (value) => {
      bits.setFloat32(0, value);
      return bits.getUint16(0);
    });
    expect(await encode()).toEqual(single);
  });

  it('shards give the vectors of the whole', async () => {
    const whole = await encode();
    const tensors = readTensors(weights());
    rmSync(weights());
    const half = tensors.length >> 1;
    writeTensors(join(folder, 'model-00001-of-00002.safetensors'), tensors.slice(0, half));
    writeTensors(join(folder, 'model-00002-of-00002.safetensors'), tensors.slice(half));
    const shardOf: [string, string][] = tensors.map(({ name }, i) => [
      name,
      `model-0000${i < half ? 1 : 2}-of-00002.safetensors`,
    ]);
    const index = join(folder, 'model.safetensors.index.json');
    writeFileSync(index, JSON.stringify({ metadata: {}, weight_map: Object.fromEntries(shardOf) }));
    expect(await encode()).toEqual(whole);
    writeFileSync(index, JSON.stringify({ weight_map: { ...Object.fromEntries(shardOf), 'lm_head.weight': '../x' } }));
    await expectRefusal('shard "../x" is not the name of a file in the same folder');
    const wrong = { ...Object.fromEntries(shardOf), 'lm_head.weight': shardOf[0]![1] };
    writeFileSync(index, JSON.stringify({ weight_map: wrong }));
    await expectRefusal('tensor "lm_head.weight" is not in model-00001-of-00002.safetensors');
  });

  it('a folder of links, as in a hub cache, gives the same vectors', async () => {
    const cache = join(folder, '..', 'snapshot');
    await mkdir(cache);
    for (const file of ['config.json', 'tokenizer.json', 'tokenizer_config.json', 'model.safetensors'])
      symlinkSync(join(folder, file), join(cache, file));
    expect(await encode(cache)).toEqual(await encode());
  });

  it('a bare encoder, saved without prefix, gives the same vectors', async () => {
    const whole = await encode();
    const bare = readTensors(weights()).map(({ name, ...rest }) => ({
      name: name.replace(/^transformer\./, ''),
      ...rest,
    }));
    writeTensors(weights(), bare);
    expect(await encode()).toEqual(whole);
  });

  it('buffers and tied heads are no parameters', async () => {
    const tensors = readTensors(weights());
    const head = tensors.find(({ name }) => name === 'transformer.wte.weight')!;
    const buffer = { name: 'transformer.h.0.attn.attention.bias', shape: [2, 2], values: new Float32Array(4) };
    writeTensors(weights(), [...tensors, { ...head, name: 'lm_head.weight' }, buffer]);
    const encoder = await createBiEncoder({ model: folder, pooling: ['mean'], maxTokens: null, threads: 1 });
    await encoder.close();
    const total = tensors.reduce((sum, { values }) => sum + values.length, 0);
    expect(encoder.model.parameters).toBe(total);
    expect(Object.keys(encoder.model.files)).toEqual([
      'config.json',
      'model.safetensors',
      'tokenizer.json',
      'tokenizer_config.json',
    ]);
  });
});

describe('a folder', () => {
  it.each([
    ['config.json', /config\.json: there is no such file; expected a Hugging Face model's configuration$/],
    ['tokenizer.json', /tokenizer\.json: there is no such file; expected the model's tokenizer$/],
    ['model.safetensors', /has no weights; expected model\.safetensors or pytorch_model\.bin, or its shards/],
  ])('without %s is refused', async (file, message) => {
    rmSync(join(folder, file));
    await expectRefusal(message);
  });

  it('that does not exist, or is a file, is refused', async () => {
    await expect(openCheckpoint(join(folder, 'nowhere'))).rejects.toThrow('there is no such folder');
    await expect(openCheckpoint(weights())).rejects.toThrow('is a file; expected the model folder');
  });

  it('with an unsupported model_type is refused', async () => {
    edit('config.json', (json) => (json['model_type'] = 'mamba'));
    await expectRefusal(
      /config\.json: model_type "mamba" is not supported; supported: bert, bloom, camembert, deberta-v2, distilbert,/,
    );
  });

  it.each([
    ['hidden_size', 37, /field "num_heads": 3 does not divide the hidden size 37/],
    ['num_layers', 6, /field "attention_types" describes 5 layers, "num_layers" says 6/],
    ['hidden_size', '36', /config\.json: field "hidden_size": .*expected number/],
    ['activation_function', 'mish', /field "activation_function"/],
    ['window_size', 0, /field "window_size"/],
    ['vocab_size', 400, /token ".*" has the id 4\d\d, but config\.json says vocab_size 400/],
    ['vocab_size', 500, /tensor "transformer\.wte\.weight" has shape \[411, 36\]; config\.json asks for \[500, 36\]/],
  ])('whose config says %s = %j is refused', async (field, value, message) => {
    edit('config.json', (json) => (json[field] = value));
    await expectRefusal(message);
  });

  it('with a broken tokenizer is refused', async () => {
    edit('tokenizer.json', (json) => (json['model'] = { type: 'Riddle' }));
    await expectRefusal(/tokenizer\.json: transformers\.js cannot read this tokenizer/);
    writeFileSync(join(folder, 'tokenizer.json'), '{"model": ');
    await expectRefusal(/tokenizer\.json: is not valid JSON/);
  });
});

describe('a tensor', () => {
  it('that is missing is named', async () => {
    const name = 'transformer.h.3.mlp.c_fc.bias';
    writeTensors(
      weights(),
      readTensors(weights()).filter((tensor) => tensor.name !== name),
    );
    await expectRefusal(`has no tensor "${name}" or "h.3.mlp.c_fc.bias", which config.json asks for`);
  });

  it('of another shape is named with both shapes', async () => {
    const name = 'transformer.h.1.attn.attention.k_proj.weight';
    writeTensors(
      weights(),
      readTensors(weights()).map((tensor) => (tensor.name === name ? { ...tensor, shape: [18, 72] } : tensor)),
    );
    await expectRefusal(`tensor "${name}" has shape [18, 72]; config.json asks for [36, 36]`);
  });

  it('of an unsupported type is named', async () => {
    writeTensors(weights(), readTensors(weights()), 'I16', Math.round);
    await expectRefusal(/tensor "transformer\.\S+" is in I16; supported are F32, F16, BF16/);
  });
});

describe('a safetensors file', () => {
  const header = (): { json: Record<string, { data_offsets: [number, number] }>; data: Buffer } => {
    const bytes = readFileSync(weights());
    const end = 8 + Number(bytes.readBigUInt64LE());
    const json = JSON.parse(bytes.toString('utf8', 8, end)) as Record<string, { data_offsets: [number, number] }>;
    return { json, data: bytes.subarray(end) };
  };
  const write = (text: string, data: Uint8Array): void => {
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(Buffer.byteLength(text)));
    writeFileSync(weights(), Buffer.concat([length, Buffer.from(text), data]));
  };

  it.each([0, 5, 100, 250_000])('that ends after %i bytes is refused', async (length) => {
    writeFileSync(weights(), readFileSync(weights()).subarray(0, length));
    await expectRefusal(/model\.safetensors: damaged safetensors file: .*; download or save it again$/);
  });

  it('that is a page of HTML is refused', async () => {
    writeFileSync(weights(), '<!DOCTYPE html><html><body>Not found</body></html>');
    await expectRefusal(/model\.safetensors: is a web page, not model weights/);
  });

  it('whose header is no JSON, or no object, is refused', async () => {
    write('{"a": ', new Uint8Array());
    await expectRefusal(/the header is not JSON/);
    write('[1, 2]', new Uint8Array());
    await expectRefusal(/the header is not a JSON object/);
    write('{"a": {"dtype": "F31", "shape": [], "data_offsets": [0, 0]}}', new Uint8Array());
    await expectRefusal(/tensor "a", field "dtype"/);
    write('{"a": {"dtype": "F32", "shape": [-1], "data_offsets": [0, 0]}}', new Uint8Array());
    await expectRefusal(/tensor "a", field "shape\.0"/);
  });

  it('whose ranges do not fit its shapes, overlap, or leave gaps is refused', async () => {
    const { json, data } = header();
    const names = Object.keys(json).filter((name) => name !== '__metadata__');
    const ordered = names.sort((a, b) => json[a]!.data_offsets[0] - json[b]!.data_offsets[0]);
    const [first, second] = [ordered[0]!, ordered[1]!];
    const moved = (name: string, by: number): string => {
      const [begin, end] = json[name]!.data_offsets;
      return JSON.stringify({ ...json, [name]: { ...json[name], data_offsets: [begin + by, end + by] } });
    };
    write(moved(second, -4), data);
    await expectRefusal(`tensor "${second}" overlaps the one before it`);
    write(moved(first, 4), data);
    await expectRefusal(`there are 4 unused bytes before tensor "${first}"`);
    const [begin, end] = json[first]!.data_offsets;
    write(JSON.stringify({ ...json, [first]: { ...json[first], data_offsets: [begin, end - 4] } }), data);
    await expectRefusal(new RegExp(`tensor "${first}" has \\d+ bytes; its shape \\[.*\\] in F32 needs \\d+`));
    write(JSON.stringify(json), Buffer.concat([data, Buffer.alloc(3)]));
    await expectRefusal(/has 3 bytes after its last tensor/);
  });
});
