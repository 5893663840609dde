import {
  closeSync,
  cpSync,
  ftruncateSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statfsSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createBiEncoder, createCrossEncoder } from '../../src/models/index.js';
import { openTokenizer } from '../../src/models/checkpoint/tokenizer.js';
import { fixture, relativeError } from './goldens.js';

/** GPT-J's sizes, but for the number of layers. */
const size = 4096;
const inner = 4 * size;
const vocabulary = 50400;
const layers = 5;
const needed = 10 * 2 ** 30;

/** Bytes of memory that can be had without swapping (Linux), or none where that is not known. */
function availableMemory(): number {
  try {
    return 1024 * Number(/MemAvailable:\s*(\d+)/.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

function whyNot(): string | null {
  const { bavail, bsize } = statfsSync(tmpdir());
  if (bavail * bsize < needed) return 'less than 10 GB of disk are free';
  return availableMemory() < needed ? 'less than 10 GB of memory are free' : null;
}

/** What is not zero: its tensor, the index of an element, the values from there on. Together they have a closed form. */
const last = `transformer.h.${layers - 1}`;
const ramp = (length: number, factor: number): Float32Array =>
  Float32Array.from({ length }, (_, i) => Math.sin(i * factor));
const words = 411;
const wte = ramp(words * size, 0.7);
const finalBias = ramp(size, 0.3);
const headBias = ramp(vocabulary, 0.11);
const [column, row] = [inner - 3, 1234];
const values: readonly (readonly [tensor: string, index: number, data: Float32Array])[] = [
  ['transformer.wte.weight', 0, wte],
  ['transformer.ln_f.weight', 0, new Float32Array(size).fill(1)],
  ['transformer.ln_f.bias', 0, finalBias],
  // gelu(8) = 8 in one neuron, which adds 4 to one dimension.
  [`${last}.mlp.fc_in.bias`, column, Float32Array.of(8)],
  [`${last}.mlp.fc_out.weight`, row * inner + column, Float32Array.of(0.5)],
  ['lm_head.weight', 7 * size + row, Float32Array.of(0.25)],
  ['lm_head.bias', 0, headBias],
];

function shapes(): [string, number[]][] {
  const block = (i: number): [string, number[]][] => [
    ...['q', 'k', 'v', 'out'].map((part): [string, number[]] => [
      `transformer.h.${i}.attn.${part}_proj.weight`,
      [size, size],
    ]),
    [`transformer.h.${i}.ln_1.weight`, [size]],
    [`transformer.h.${i}.ln_1.bias`, [size]],
    [`transformer.h.${i}.mlp.fc_in.weight`, [inner, size]],
    [`transformer.h.${i}.mlp.fc_in.bias`, [inner]],
    [`transformer.h.${i}.mlp.fc_out.weight`, [size, inner]],
    [`transformer.h.${i}.mlp.fc_out.bias`, [size]],
  ];
  return [
    ...Array.from({ length: layers }, (_, i) => block(i))
      .flat()
      .filter(([name]) => !name.startsWith(`${last}.mlp`)),
    ['lm_head.weight', [vocabulary, size]],
    // From here on beyond 4 GiB.
    ...block(layers - 1).filter(([name]) => name.startsWith(`${last}.mlp`)),
    ['transformer.wte.weight', [vocabulary, size]],
    ['transformer.ln_f.weight', [size]],
    ['transformer.ln_f.bias', [size]],
    ['lm_head.bias', [vocabulary]],
  ];
}

/** Writes a file of holes with some values, and returns each tensor's offset. */
function writeSparse(path: string): Map<string, number> {
  const offsets = new Map<string, number>();
  const header: Record<string, unknown> = {};
  let end = 0;
  for (const [name, shape] of shapes()) {
    offsets.set(name, end);
    const start = end;
    end += 4 * shape.reduce((product, n) => product * n, 1);
    header[name] = { dtype: 'F32', shape, data_offsets: [start, end] };
  }
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  const data = 8 + text.length;
  const file = openSync(path, 'w');
  try {
    writeSync(file, Buffer.concat([length, text]));
    ftruncateSync(file, data + end);
    for (const [name, index, numbers] of values)
      writeSync(file, new Uint8Array(numbers.buffer), 0, numbers.byteLength, data + offsets.get(name)! + 4 * index);
  } finally {
    closeSync(file);
  }
  return offsets;
}

/** The last hidden state of a token: nothing but the layer norm of its embedding with 4 added to one dimension. */
function hiddenStateOf(id: number): number[] {
  const hidden = Array.from(wte.subarray(id * size, (id + 1) * size), (x, i) => x + (i === row ? 4 : 0));
  const mean = hidden.reduce((sum, x) => sum + x, 0) / size;
  const variance = hidden.reduce((sum, x) => sum + (x - mean) ** 2, 0) / size;
  return hidden.map((x, i) => (x - mean) / Math.sqrt(variance + 1e-5) + finalBias[i]!);
}

const reason = whyNot();
describe.skipIf(reason !== null)(`a file of more than 4 GiB${reason === null ? '' : ` (skipped: ${reason})`}`, () => {
  let parent: string;
  let model: string;
  beforeAll(() => {
    parent = mkdtempSync(join(tmpdir(), 'sgpt-bench-large-'));
    model = join(parent, 'gpt-j');
    mkdirSync(model);
    for (const file of ['tokenizer.json', 'tokenizer_config.json'])
      cpSync(join(fixture('gpt-neo'), file), join(model, file));
    const config = {
      model_type: 'gptj',
      vocab_size: vocabulary,
      n_positions: 2048,
      n_embd: size,
      n_layer: layers,
      n_head: 16,
    };
    writeFileSync(
      join(model, 'config.json'),
      JSON.stringify({ ...config, rotary_dim: 64, tie_word_embeddings: false }),
    );
    const offsets = writeSparse(join(model, 'model.safetensors'));
    for (const [name] of values.slice(0, 5)) expect(offsets.get(name)).toBeGreaterThan(2 ** 32);
  });
  afterAll(() => {
    rmSync(parent, { recursive: true, force: true });
  });

  it('embeds', async () => {
    const tokenizer = await openTokenizer(model);
    const text = 'files whose names';
    const ids = tokenizer.encode(text);
    const encoder = await createBiEncoder({ model, pooling: ['lasttoken', 'cls'], maxTokens: null, threads: 1 });
    const [lasttoken, cls] = await encoder.encode([text], 'document');
    await encoder.close();
    expect(relativeError(lasttoken!.data, hiddenStateOf(ids.at(-1)!))).toBeLessThan(1e-5);
    expect(relativeError(cls!.data, hiddenStateOf(ids[0]!))).toBeLessThan(1e-5);
  }, 60_000);

  it('scores', async () => {
    const tokenizer = await openTokenizer(model);
    const query = tokenizer.encode('names');
    const context = tokenizer.encode('files ');
    const scorer = await createCrossEncoder({ model, prompt: 'A', threads: 1 });
    const [scores] = await scorer.score([{ document: 'files', queries: ['names'] }]);
    await scorer.close();
    const expected = query.reduce((sum, id, i) => {
      const hidden = hiddenStateOf(i === 0 ? context.at(-1)! : query[i - 1]!);
      const own = Float64Array.from(headBias, (bias, k) => bias + (k === 7 ? 0.25 * hidden[row]! : 0));
      const total = Math.log(own.reduce((all, logit) => all + Math.exp(logit), 0));
      return sum + own[id]! - total;
    }, 0);
    expect(relativeError(scores!, [expected])).toBeLessThan(1e-5);
  }, 60_000);
});
