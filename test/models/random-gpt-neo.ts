import { copyFileSync, mkdirSync, openSync, closeSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { fixture } from './goldens.js';

/** Sizes of a GPT-Neo checkpoint. */
export interface Sizes {
  readonly layers: number;
  readonly hidden: number;
  readonly heads: number;
  readonly window: number;
  readonly positions: number;
  readonly vocabulary: number;
}

export const gptNeo125m: Sizes = {
  layers: 12,
  hidden: 768,
  heads: 12,
  window: 256,
  positions: 2048,
  vocabulary: 50257,
};

/**
 * Writes a GPT-Neo checkpoint whose weights follow from a formula, the same that tools/goldens/models/gpt_neo_125m.py
 * has, so that both sides make the very same file. Element i of tensor t (both counted from 0) is a table's entry at
 * hash(i + 0x9e3779b9 · t), all modulo 2^32: 256 values about as large as trained weights, all of them exact in half precision.
 */
export function writeRandomGptNeo(folder: string, sizes: Sizes, type: 'F16' | 'F32'): void {
  mkdirSync(folder, { recursive: true });
  for (const file of ['tokenizer.json', 'tokenizer_config.json'])
    copyFileSync(join(fixture('gpt-neo'), file), join(folder, file));
  writeFileSync(join(folder, 'config.json'), JSON.stringify(configOf(sizes)));
  const bytes = type === 'F16' ? 2 : 4;
  const tensors = tensorsOf(sizes);
  let offset = 0;
  const header: Record<string, unknown> = {};
  for (const [name, shape] of tensors) {
    const end = offset + bytes * product(shape);
    header[name] = { dtype: type, shape, data_offsets: [offset, end] };
    offset = end;
  }
  const text = JSON.stringify(header);
  const padded = text.padEnd(Math.ceil(text.length / 8) * 8);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(padded.length));
  const file = openSync(join(folder, 'model.safetensors'), 'w');
  try {
    writeSync(file, length);
    writeSync(file, padded);
    tensors.forEach(([name, shape], t) => {
      const table = name.endsWith('.weight') && name.includes('ln_') ? around(1, 1024, type) : around(0, 4096, type);
      const data = type === 'F16' ? new Uint16Array(product(shape)) : new Float32Array(product(shape));
      const seed = Math.imul(t, 0x9e3779b9);
      for (let i = 0; i < data.length; i++) data[i] = table[hash(i + seed) & 255]!;
      writeSync(file, new Uint8Array(data.buffer));
    });
  } finally {
    closeSync(file);
  }
}

function configOf({ layers, hidden, heads, window, positions, vocabulary }: Sizes): object {
  return {
    model_type: 'gpt_neo',
    architectures: ['GPTNeoForCausalLM'],
    vocab_size: vocabulary,
    max_position_embeddings: positions,
    hidden_size: hidden,
    num_layers: layers,
    num_heads: heads,
    intermediate_size: null,
    window_size: window,
    attention_types: [[['global', 'local'], layers / 2]],
    layer_norm_epsilon: 1e-5,
    activation_function: 'gelu_new',
  };
}

function tensorsOf({ layers, hidden, positions, vocabulary }: Sizes): [string, number[]][] {
  const norm = (name: string): [string, number[]][] => [
    [`${name}.weight`, [hidden]],
    [`${name}.bias`, [hidden]],
  ];
  const block = (i: number): [string, number[]][] => [
    ...norm(`transformer.h.${i}.ln_1`),
    [`transformer.h.${i}.attn.attention.q_proj.weight`, [hidden, hidden]],
    [`transformer.h.${i}.attn.attention.k_proj.weight`, [hidden, hidden]],
    [`transformer.h.${i}.attn.attention.v_proj.weight`, [hidden, hidden]],
    [`transformer.h.${i}.attn.attention.out_proj.weight`, [hidden, hidden]],
    [`transformer.h.${i}.attn.attention.out_proj.bias`, [hidden]],
    ...norm(`transformer.h.${i}.ln_2`),
    [`transformer.h.${i}.mlp.c_fc.weight`, [4 * hidden, hidden]],
    [`transformer.h.${i}.mlp.c_fc.bias`, [4 * hidden]],
    [`transformer.h.${i}.mlp.c_proj.weight`, [hidden, 4 * hidden]],
    [`transformer.h.${i}.mlp.c_proj.bias`, [hidden]],
  ];
  return [
    ['transformer.wte.weight', [vocabulary, hidden]],
    ['transformer.wpe.weight', [positions, hidden]],
    ...Array.from({ length: layers }, (_, i) => block(i)).flat(),
    ...norm('transformer.ln_f'),
  ];
}

/** 256 values, evenly spaced by 1/denominator, with `middle` in their midst: as numbers, or as the bits of fp16. */
function around(middle: number, denominator: number, type: 'F16' | 'F32'): number[] {
  const values = Array.from({ length: 256 }, (_, k) => middle + (k - 128) / denominator);
  return type === 'F32' ? values : values.map(halfBits);
}

/** The bits of a number that half precision holds exactly and without its subnormal range, or of 0. */
export function halfBits(value: number): number {
  if (value === 0) return 0;
  const exponent = Math.floor(Math.log2(Math.abs(value)));
  const mantissa = (Math.abs(value) / 2 ** exponent - 1) * 1024;
  return (value < 0 ? 0x8000 : 0) | ((exponent + 15) << 10) | mantissa;
}

/** A mix of the bits of a 32-bit number (C. Wellons' lowbias32). */
export function hash(x: number): number {
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  return (x ^ (x >>> 16)) >>> 0;
}

function product(shape: readonly number[]): number {
  return shape.reduce((all, size) => all * size, 1);
}
