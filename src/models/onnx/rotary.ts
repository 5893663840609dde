import { onnxDataTypes } from '../../io/onnx-writer.js';
import type { GraphBuilder, Value } from './graph.js';
import type { Tokens } from './tokens.js';

/** Rotary position embeddings (Su et al. 2021): pairs of a head's dimensions are turned by angles that grow with the position. */
export interface Rotary {
  /** Angle of each pair per position. */
  readonly frequencies: Float32Array;
  /**
   * Which dimensions are a pair: `adjacent` 2i and 2i + 1 (GPT-J), `halves` i and i + n for n pairs (GPT-NeoX, LLaMA).
   * Those beyond the pairs stay as they are.
   */
  readonly pairs: 'adjacent' | 'halves';
}

/** What is turned. */
export interface Rotation extends Rotary {
  readonly heads: number;
  readonly headSize: number;
  /** Which tokens the rows are, null for all. */
  readonly rows: Value | null;
}

/**
 * Turns queries or keys. All that a graph turns must have the same frequencies.
 * @param x [rows, heads · headSize], in any shape that has its elements in this order
 * @returns [rows, heads, headSize]
 */
export function rotate(tokens: Tokens, x: Value, rotation: Rotation): Value {
  const { frequencies, pairs, heads, headSize, rows } = rotation;
  const { graph } = tokens;
  const half = frequencies.length;
  const still = headSize - 2 * half;
  const byHead = graph.op('Reshape', [x, graph.integers([-1, heads, headSize])]);
  const [turning, ...others] = still === 0 ? [byHead] : split(graph, byHead, [2 * half, still]);
  const [first, second] = separate(graph, turning!, rotation);
  const [cos, sin] = (['Cos', 'Sin'] as const).map((op) =>
    tokens.rowsOf(`rotary ${op}`, rows, () => graph.op(op, [angles(tokens, frequencies)])),
  );
  const times = (a: Value, b: Value): Value => graph.op('Mul', [a, b]);
  const turnedFirst = graph.op('Sub', [times(first, cos!), times(second, sin!)]);
  const turnedSecond = graph.op('Add', [times(second, cos!), times(first, sin!)]);
  if (pairs === 'halves') return graph.op('Concat', [turnedFirst, turnedSecond, ...others], { axis: -1 });
  const columns = [turnedFirst, turnedSecond].map((value) => graph.op('Unsqueeze', [value, graph.integers([-1])]));
  const interleaved = graph.op('Concat', columns, { axis: -1 });
  const turned = graph.op('Reshape', [interleaved, graph.integers([-1, heads, 2 * half])]);
  return others.length === 0 ? turned : graph.op('Concat', [turned, ...others], { axis: -1 });
}

/** The first and the second of each pair, both [rows, heads, number of pairs]. */
function separate(graph: GraphBuilder, x: Value, { pairs, heads, frequencies }: Rotation): [Value, Value] {
  const half = frequencies.length;
  if (pairs === 'halves') return split(graph, x, [half, half]) as [Value, Value];
  const byPair = graph.op('Reshape', [x, graph.integers([-1, heads, half, 2])]);
  const shape = graph.integers([-1, heads, half]);
  return split(graph, byPair, [1, 1]).map((column) => graph.op('Reshape', [column, shape])) as [Value, Value];
}

/** Parts along the last axis, of these sizes. */
function split(graph: GraphBuilder, x: Value, sizes: readonly number[]): Value[] {
  return graph.ops('Split', [x, graph.integers(sizes)], sizes.length, { axis: -1 });
}

/** position · frequency, [tokens, 1, pairs]: the same in every head. */
function angles(tokens: Tokens, frequencies: Float32Array): Value {
  const { graph } = tokens;
  return tokens.once('rotary angles', () => {
    const positions = graph.op('Cast', [tokens.positions], { to: onnxDataTypes.float32 });
    const columns = graph.op('Reshape', [positions, graph.integers([-1, 1, 1])]);
    return graph.op('Mul', [columns, graph.table('rotary frequencies', [frequencies.length], frequencies)]);
  });
}

/**
 * θ^(-2i/dimensions) for each pair i, rounded as in float32 arithmetic: at position 2000 the last bit of a frequency
 * already moves the angle by 1e-4.
 */
export function rotaryFrequencies(dimensions: number, theta: number): Float32Array {
  return Float32Array.from(
    { length: Math.ceil(dimensions / 2) },
    (_, i) => 1 / Math.fround(theta ** Math.fround((2 * i) / dimensions)),
  );
}
