import { onnxDataTypes } from '../../core/onnx-writer.js';
import type { Value } from './graph.js';
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

/**
 * @param x [rows, heads · headSize], in any shape that has its elements in this order
 * @param rows which tokens the rows of x are, null for all
 * @returns [rows, heads, headSize]
 */
export function rotate(
  tokens: Tokens,
  x: Value,
  { frequencies, pairs }: Rotary,
  heads: number,
  headSize: number,
  rows: Value | null,
): Value {
  const { graph } = tokens;
  const half = frequencies.length;
  const left = headSize - 2 * half;
  const [cos, sin] = (['Cos', 'Sin'] as const).map((op) =>
    tokens.rowsOf(`rotary ${op}`, rows, () => graph.op(op, [angles(tokens, frequencies)])),
  ) as [Value, Value];
  const byHead = graph.op('Reshape', [x, graph.integers([-1, heads, headSize])]);
  const split = (value: Value, sizes: readonly number[]): Value[] =>
    graph.ops('Split', [value, graph.integers(sizes)], sizes.length, { axis: -1 });
  const [turned, still] = left === 0 ? [byHead] : (split(byHead, [2 * half, left]) as [Value, Value]);
  const adjacent = (value: Value, size: number): Value =>
    graph.op('Reshape', [value, graph.integers([-1, heads, half * size])]);
  const [first, second] =
    pairs === 'halves'
      ? split(turned, [half, half])
      : split(graph.op('Reshape', [turned, graph.integers([-1, heads, half, 2])]), [1, 1]).map((v) => adjacent(v, 1));
  const times = (a: Value, b: Value): Value => graph.op('Mul', [a, b]);
  const newFirst = graph.op('Sub', [times(first!, cos), times(second!, sin)]);
  const newSecond = graph.op('Add', [times(second!, cos), times(first!, sin)]);
  if (pairs === 'halves')
    return graph.op('Concat', still === undefined ? [newFirst, newSecond] : [newFirst, newSecond, still], { axis: -1 });
  const column = (value: Value): Value => graph.op('Unsqueeze', [value, graph.integers([-1])]);
  const together = adjacent(graph.op('Concat', [column(newFirst), column(newSecond)], { axis: -1 }), 2);
  return still === undefined ? together : graph.op('Concat', [together, still], { axis: -1 });
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
