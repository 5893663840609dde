import type { GraphBuilder, Value } from './graph.js';
import { rotationAngles, type RotaryPositions } from './rotary-angles.js';
import type { Tokens } from './tokens.js';

/**
 * Rotary position embeddings (Su et al. 2021): pairs of a head's dimensions are rotated by angles that grow with the
 * position.
 */
export interface Rotary extends RotaryPositions {
  /**
   * Dimensions that form a pair: `adjacent` 2i and 2i + 1 (GPT-J), `halves` i and i + n for n pairs (GPT-NeoX, LLaMA).
   * Dimensions beyond the pairs are not rotated.
   */
  readonly pairs: 'adjacent' | 'halves';
}

/** Shape of the queries or keys to rotate. */
export interface Rotation extends Rotary {
  readonly heads: number;
  readonly headSize: number;
  /** Indices of the tokens that the rows belong to; null for all. */
  readonly rows: Value | null;
}

/**
 * Rotates queries or keys.
 * @param x [rows, heads · headSize], or any shape with the same elements in the same order
 * @returns [rows, heads, headSize]
 */
export function rotate(tokens: Tokens, x: Value, rotation: Rotation): Value {
  const { frequencies, amplitude = 1, pairs, heads, headSize, rows } = rotation;
  const { graph } = tokens;
  const half = frequencies.length;
  const fixed = headSize - 2 * half;
  const byHead = graph.op('Reshape', [x, graph.integers([-1, heads, headSize])]);
  const [pairColumns, ...fixedColumns] = fixed === 0 ? [byHead] : split(graph, byHead, [2 * half, fixed]);
  const [first, second] = splitPairs(graph, pairColumns!, rotation);
  const [cos, sin] = (['Cos', 'Sin'] as const).map((op) =>
    tokens.rowsOf(`rotary ${tokens.numberOf(frequencies)} ${op}`, rows, () => {
      const values = graph.op(op, [rotationAngles(tokens, rotation)]);
      return amplitude === 1 ? values : graph.op('Mul', [values, graph.scalar(amplitude)]);
    }),
  );
  const times = (a: Value, b: Value): Value => graph.op('Mul', [a, b]);
  const rotatedFirst = graph.op('Sub', [times(first, cos!), times(second, sin!)]);
  const rotatedSecond = graph.op('Add', [times(second, cos!), times(first, sin!)]);
  if (pairs === 'halves') return graph.op('Concat', [rotatedFirst, rotatedSecond, ...fixedColumns], { axis: -1 });
  const columns = [rotatedFirst, rotatedSecond].map((value) => graph.op('Unsqueeze', [value, graph.integers([-1])]));
  const interleaved = graph.op('Concat', columns, { axis: -1 });
  const rotated = graph.op('Reshape', [interleaved, graph.integers([-1, heads, 2 * half])]);
  return fixedColumns.length === 0 ? rotated : graph.op('Concat', [rotated, ...fixedColumns], { axis: -1 });
}

/** The first and the second dimension of each pair, both [rows, heads, pairs]. */
function splitPairs(graph: GraphBuilder, x: Value, { pairs, heads, frequencies }: Rotation): [Value, Value] {
  const half = frequencies.length;
  if (pairs === 'halves') return split(graph, x, [half, half]) as [Value, Value];
  const byPair = graph.op('Reshape', [x, graph.integers([-1, heads, half, 2])]);
  const shape = graph.integers([-1, heads, half]);
  return split(graph, byPair, [1, 1]).map((column) => graph.op('Reshape', [column, shape])) as [Value, Value];
}

/** Splits x along the last axis into parts of these sizes. */
function split(graph: GraphBuilder, x: Value, sizes: readonly number[]): Value[] {
  return graph.ops('Split', [x, graph.integers(sizes)], sizes.length, { attributes: { axis: -1 } });
}
