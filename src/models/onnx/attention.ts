import type { GraphBuilder, Value } from './graph.js';

export interface AttentionOptions {
  readonly heads: number;
  /** Grouped-query attention: heads of keys and values, each shared by heads / keyValueHeads queries. Default: `heads`. */
  readonly keyValueHeads?: number;
  readonly headSize: number;
  /** Factor on the scores, usually 1/√headSize; null for none (GPT-Neo). */
  readonly scale: number | null;
  /** Added to the scores; each [rows, tokens], or [heads, rows, tokens] (not with fewer keyValueHeads). */
  readonly biases: readonly Value[];
}

/** What is attended with, each in any shape that has its elements in this order. */
export interface QueryKeyValue {
  /** [rows, heads · headSize]. */
  readonly query: Value;
  /** [tokens, keyValueHeads · headSize]. */
  readonly key: Value;
  /** As `key`. */
  readonly value: Value;
}

/**
 * softmax(q kᵀ · scale + Σ biases) v, head by head.
 * @returns [rows, heads · headSize]
 */
export function attention(
  graph: GraphBuilder,
  { query, key, value }: QueryKeyValue,
  { heads, keyValueHeads = heads, headSize, scale, biases }: AttentionOptions,
): Value {
  // With fewer keys than queries, a dimension of 1 makes the product repeat the keys without a copy.
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
  for (const bias of biases) scores = graph.op('Add', [scores, bias]);
  const weights = graph.op('Softmax', [scores], { axis: -1 });
  const context = graph.op('MatMul', [weights, split(value, keyShape, rowsLast)]);
  const joined = graph.op('Transpose', [context], { perm: back });
  return graph.op('Reshape', [joined, graph.integers([-1, heads * headSize])]);
}
