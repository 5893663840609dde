import { onnxDataTypes } from '../../io/onnx-writer.js';
import type { Value } from './graph.js';
import type { Tokens } from './tokens.js';

/**
 * ALiBi (Press et al. 2022): attention scores grow with the key's position, in each head at another slope. The key's
 * position alone, not its distance, is enough: a softmax does not see what a whole row has in common.
 * @returns what is added to the scores, [heads, 1, tokens]
 */
export function alibi(tokens: Tokens, heads: number): Value {
  const { graph } = tokens;
  return tokens.once(`alibi ${heads}`, () => {
    const slopes = graph.table(`alibi slopes ${heads}`, [heads, 1, 1], Float32Array.from(alibiSlopes(heads)));
    return graph.op('Mul', [slopes, graph.op('Cast', [tokens.positions], { to: onnxDataTypes.float32 })]);
  });
}

/**
 * Each head's slope: 2^(-8i/n) for i = 1 … n where the number of heads n is a power of two; else those of the power
 * below, and then every other one of the power above.
 */
export function alibiSlopes(heads: number): number[] {
  const below = 2 ** Math.floor(Math.log2(heads));
  const slopes = Array.from({ length: below }, (_, i) => 2 ** ((-8 * (i + 1)) / below));
  const between = Array.from({ length: heads - below }, (_, i) => 2 ** ((-8 * (2 * i + 1)) / (2 * below)));
  return [...slopes, ...between];
}
