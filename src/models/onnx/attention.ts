import type { GraphBuilder, Value } from './graph.js';

export interface AttentionOptions {
  readonly heads: number;
  /** Heads of keys and values; with grouped-query attention fewer than `heads`, the default. */
  readonly keyValueHeads?: number;
  readonly headSize: number;
  /** Factor on the scores, usually 1/√headSize; null for none (GPT-Neo). */
  readonly scale: number | null;
  /** c of c · tanh(scores / c), applied after `scale` (Gemma 2); null, the default, for none. */
  readonly softCap?: number | null;
  /** Terms added to the scores; each [rows, tokens], or [heads, rows, tokens] unless there are fewer keyValueHeads. */
  readonly biases: readonly Value[];
}

/** Inputs of attention. Any shape with the same elements in the same order is accepted. */
export interface QueryKeyValue {
  /** [rows, heads · headSize]. */
  readonly query: Value;
  /** [tokens, keyValueHeads · headSize]. */
  readonly key: Value;
  /** Same shape as `key`. */
  readonly value: Value;
}

/**
 * softmax(cap(q kᵀ · scale) + Σ biases) v, head by head.
 * @returns [rows, heads · headSize]
 */
export function attention(
  graph: GraphBuilder,
  { query, key, value }: QueryKeyValue,
  { heads, keyValueHeads = heads, headSize, scale, softCap = null, biases }: AttentionOptions,
): Value {
  // With fewer heads of keys than of queries, a dimension of 1 broadcasts the keys in the product, without a copy.
  const shared = keyValueHeads < heads;
  const queryShape = shared ? [-1, keyValueHeads, heads / keyValueHeads, headSize] : [-1, heads, headSize];
  const keyShape = shared ? [-1, keyValueHeads, 1, headSize] : queryShape;
  const [rowsLast, columnsLast, back] = shared
    ? [
        [1, 2, 0, 3],
        [1, 2, 3, 0],
        [2, 0, 1, 3],
      ]
    : [
        [1, 0, 2],
        [1, 2, 0],
        [1, 0, 2],
      ];
  const split = (x: Value, shape: number[], perm: number[]): Value =>
    graph.op('Transpose', [graph.op('Reshape', [x, graph.integers(shape)])], { perm });
  let scores = graph.op('MatMul', [split(query, queryShape, rowsLast), split(key, keyShape, columnsLast)]);
  if (scale !== null) scores = graph.op('Mul', [scores, graph.scalar(scale)]);
  if (softCap !== null) scores = capped(graph, scores, softCap);
  for (const bias of biases) scores = graph.op('Add', [scores, bias]);
  const weights = graph.op('Softmax', [scores], { axis: -1 });
  const context = graph.op('MatMul', [weights, split(value, keyShape, rowsLast)]);
  const joined = graph.op('Transpose', [context], { perm: back });
  return graph.op('Reshape', [joined, graph.integers([-1, heads * headSize])]);
}

/** c · tanh(x / c): keeps x between -c and c. */
export function capped(graph: GraphBuilder, x: Value, cap: number): Value {
  return graph.op('Mul', [graph.op('Tanh', [graph.op('Div', [x, graph.scalar(cap)])]), graph.scalar(cap)]);
}
