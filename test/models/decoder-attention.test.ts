import { describe, expect, it } from 'vitest';
import type { DecoderAttention, Projection } from '../../src/models/architectures/decoder-attention.js';
import { selfAttention } from '../../src/models/architectures/decoder-attention.js';
import { openCheckpoint } from '../../src/models/checkpoint/checkpoint.js';
import { GraphBuilder } from '../../src/models/onnx/graph.js';
import { Modules } from '../../src/models/onnx/modules.js';
import { Tokens } from '../../src/models/onnx/tokens.js';
import { Weights } from '../../src/models/onnx/weights.js';
import { formulaTensors, withCheckpoint, type Shapes } from './formula-checkpoint.js';
import { relativeError } from './goldens.js';
import { int32, run } from './run-graph.js';

const size = 10;
const headSize = 6;
const vocabulary = 12;
const ids = [3, 11, 0, 7, 7, 2, 9];
const frequencies = Float32Array.of(1, 0.3, 0.07);
const epsilon = 1e-5;

type Rows = readonly (readonly number[])[];
type Table = ReadonlyMap<string, { readonly shape: readonly number[]; readonly values: Float32Array }>;

interface Case {
  readonly title: string;
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly fused: 'blocks' | 'by-head' | null;
  readonly bias: boolean;
  readonly norms: boolean;
  readonly rotary: boolean;
  readonly window: number | null;
}

const plain = { heads: 4, keyValueHeads: 4, fused: null, bias: false, norms: false, rotary: false, window: null };
const cases: readonly Case[] = [
  { ...plain, title: 'products of their own' },
  { ...plain, title: 'biases on queries, keys and values alone', bias: true },
  {
    ...plain,
    title: 'heads of queries that share keys, normalised and rotated',
    keyValueHeads: 2,
    norms: true,
    rotary: true,
  },
  { ...plain, title: 'a window', rotary: true, window: 3 },
  { ...plain, title: 'one product in blocks, with shared keys', fused: 'blocks', keyValueHeads: 2, bias: true },
  { ...plain, title: 'one product head by head', fused: 'by-head', bias: true, rotary: true },
];

function specOf({ heads, keyValueHeads, fused, bias, norms, rotary, window }: Case): DecoderAttention {
  const project = (name: string): Projection => ({ name, bias });
  const norm = (name: string) => ({ kind: 'rms', name, size: headSize, epsilon }) as const;
  return {
    ...{ size, heads, keyValueHeads, headSize, scale: 0.4, window },
    projections:
      fused === null
        ? { query: project('q'), key: project('k'), value: project('v') }
        : { fused: project('qkv'), order: fused },
    output: { name: 'o', bias: false },
    ...(norms ? { queryNorm: norm('q_norm'), keyNorm: norm('k_norm') } : {}),
    ...(rotary ? { rotary: { frequencies, pairs: 'halves' } } : {}),
  };
}

function shapesOf({ heads, keyValueHeads, fused, bias, norms }: Case): Shapes {
  const outputs = { q: heads, k: keyValueHeads, v: keyValueHeads };
  const products = fused === null ? Object.entries(outputs) : [['qkv', heads + 2 * keyValueHeads] as const];
  return [
    ['words.weight', [vocabulary, size]],
    ...products.flatMap(([name, count]): Shapes => {
      const weight = [`${name}.weight`, [count * headSize, size]] as const;
      return bias ? [weight, [`${name}.bias`, [count * headSize]]] : [weight];
    }),
    ...(norms
      ? ([
          ['q_norm.weight', [headSize]],
          ['k_norm.weight', [headSize]],
        ] as const)
      : []),
    ['o.weight', [size, heads * headSize]],
  ];
}

/** What the graph computes, in float64: softmax(q kᵀ · scale) v of each token over itself and those before it. */
function expected(attention: Case, tensors: Table): number[][] {
  const { heads, keyValueHeads, window, norms, rotary } = attention;
  const words = tensors.get('words.weight')!.values;
  const input = ids.map((id) => [...words.subarray(id * size, (id + 1) * size)]);
  const { query, key, value } = headsOf(attention, tensors, input);
  const prepare = (rows: readonly Rows[], norm: string): Rows[] =>
    rows.map((ofToken, position) =>
      ofToken.map((head) => {
        const normed = norms ? rmsNorm(head, tensors.get(norm)!.values) : head;
        return rotary ? turned(normed, position) : normed;
      }),
    );
  const [queries, keys] = [prepare(query, 'q_norm.weight'), prepare(key, 'k_norm.weight')];
  return ids.map((_, row) => {
    const context = Array.from({ length: heads }, (_, head) => {
      const shared = Math.floor(head / (heads / keyValueHeads));
      const first = window === null ? 0 : Math.max(0, row - window + 1);
      const columns = Array.from({ length: row - first + 1 }, (_, i) => first + i);
      const scores = columns.map((column) => Math.exp(0.4 * dot(queries[row]![head]!, keys[column]![shared]!)));
      const total = scores.reduce((sum, score) => sum + score);
      return Array.from({ length: headSize }, (_, d) =>
        columns.reduce((sum, column, i) => sum + (scores[i]! / total) * value[column]![shared]![d]!, 0),
      );
    });
    return product(context.flat(), tensors, 'o');
  });
}

/** Queries, keys and values of each token, by heads. */
function headsOf(
  { heads, keyValueHeads, fused }: Case,
  tensors: Table,
  input: Rows,
): Record<'query' | 'key' | 'value', Rows[]> {
  const split = (row: readonly number[]): number[][] =>
    Array.from({ length: row.length / headSize }, (_, i) => row.slice(i * headSize, (i + 1) * headSize));
  if (fused === null) {
    const [query, key, value] = ['q', 'k', 'v'].map((name) => input.map((row) => split(product(row, tensors, name))));
    return { query: query!, key: key!, value: value! };
  }
  const all = input.map((row) => split(product(row, tensors, 'qkv')));
  if (fused === 'blocks')
    return {
      query: all.map((row) => row.slice(0, heads)),
      key: all.map((row) => row.slice(heads, heads + keyValueHeads)),
      value: all.map((row) => row.slice(heads + keyValueHeads)),
    };
  const every = (offset: number): Rows[] => all.map((row) => row.filter((_, i) => i % 3 === offset));
  return { query: every(0), key: every(1), value: every(2) };
}

function product(x: readonly number[], tensors: Table, name: string): number[] {
  const { shape, values } = tensors.get(`${name}.weight`)!;
  const bias = tensors.get(`${name}.bias`)?.values;
  return Array.from({ length: shape[0]! }, (_, o) => {
    const weights = values.subarray(o * x.length, (o + 1) * x.length);
    return x.reduce((sum, value, i) => sum + value * weights[i]!, bias?.[o] ?? 0);
  });
}

function rmsNorm(x: readonly number[], weight: Float32Array): number[] {
  const root = Math.sqrt(x.reduce((sum, value) => sum + value * value, 0) / x.length + epsilon);
  return x.map((value, i) => (value / root) * weight[i]!);
}

/** Dimensions i and i + 3 are a pair. */
function turned(x: readonly number[], position: number): number[] {
  const half = frequencies.length;
  return x.map((value, i) => {
    const angle = position * frequencies[i % half]!;
    const [partner, sign] = i < half ? [x[i + half]!, -1] : [x[i - half]!, 1];
    return value * Math.cos(angle) + sign * partner * Math.sin(angle);
  });
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, i) => sum + value * b[i]!, 0);
}

describe("a decoder's attention", () => {
  it.each(cases)('with $title is what the formula says, for all rows and for some', async (attention) => {
    const stored = formulaTensors(shapesOf(attention));
    const tensors: Table = new Map(stored.map((tensor) => [tensor.name, tensor]));
    await withCheckpoint({ model_type: 'none' }, stored, async (folder) => {
      const checkpoint = await openCheckpoint(folder);
      const graph = new GraphBuilder();
      const weights = new Weights(graph, checkpoint, ['']);
      const modules = new Modules(graph, weights);
      const [tokenIds, positions, rows] = ['ids', 'positions', 'rows'].map((name) =>
        graph.input(name, 'int32', [name === 'rows' ? 'rows' : 'tokens']),
      ) as [string, string, string];
      const tokens = new Tokens(graph, { ids: tokenIds, positions });
      const hidden = modules.embedding('words', tokenIds, vocabulary, size);
      for (const wanted of [null, rows]) {
        const attended = selfAttention({ modules, tokens, layer: 0, hidden, rows: wanted }, hidden, specOf(attention));
        graph.output(wanted === null ? 'all' : 'some', attended, [wanted ?? 'tokens', size]);
      }
      const some = [1, 4, 6];
      const feeds = { ids: int32(ids), positions: int32([...ids.keys()]), rows: int32(some) };
      const [all, ofSome] = await run({ graph: graph.serialize(), weightsFolder: weights.folder }, feeds);
      const vectors = expected(attention, tensors);
      expect(relativeError(all!, vectors.flat())).toBeLessThan(1e-5);
      expect(
        relativeError(
          ofSome!,
          some.flatMap((row) => vectors[row]!),
        ),
      ).toBeLessThan(1e-5);
    });
  });
});
