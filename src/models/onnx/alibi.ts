import { onnxDataTypes } from '../../io/onnx-writer.js';
import type { Value } from './graph.js';
import type { Tokens } from './tokens.js';

/**
 * ALiBi (Press et al. 2022): attention scores grow linearly with the key's position, with a different slope per head.
 * The key's position can stand in for its distance: softmax ignores a constant that is added to a whole row.
 * @returns the bias to add to the scores, [heads, 1, tokens]
 */
export function alibi(tokens: Tokens, heads: number): Value {
  const { graph } = tokens;
  return tokens.once(`alibi ${heads}`, () => {
    const slopes = graph.table(`alibi slopes ${heads}`, [heads, 1, 1], Float32Array.from(alibiSlopes(heads)));
    return graph.op('Mul', [slopes, graph.op('Cast', [tokens.positions], { to: onnxDataTypes.float32 })]);
  });
}

/**
 * Slope of each head: 2^(-8i/n) for i = 1 … n if the number of heads n is a power of two. Otherwise the slopes for the
 * next lower power of two, followed by every other slope for the next higher one.
 */
export function alibiSlopes(heads: number): number[] {
  const below = 2 ** Math.floor(Math.log2(heads));
  const slopes = Array.from({ length: below }, (_, i) => 2 ** ((-8 * (i + 1)) / below));
  const between = Array.from({ length: heads - below }, (_, i) => 2 ** ((-8 * (2 * i + 1)) / (2 * below)));
  return [...slopes, ...between];
}
