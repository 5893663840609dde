import type { GraphBuilder, Value } from './graph.js';

/** Activation functions by the names that config.json uses. */
export const activations = [
  'gelu',
  'gelu_python',
  'gelu_new',
  'gelu_fast',
  'gelu_pytorch_tanh',
  'relu',
  'silu',
  'swish',
  'tanh',
] as const;
export type Activation = (typeof activations)[number];

/**
 * - `gelu`: x Φ(x) exactly; `gelu_new`, `gelu_fast` and `gelu_pytorch_tanh`: by the tanh formula that GPT-2 and its kin
 *   were trained with
 * - `silu`, also called `swish`: x / (1 + e⁻ˣ)
 */
export function activate(graph: GraphBuilder, x: Value, activation: Activation): Value {
  switch (activation) {
    case 'gelu':
    case 'gelu_python':
      return graph.op('Gelu', [x], { approximate: 'none' });
    case 'gelu_new':
    case 'gelu_fast':
    case 'gelu_pytorch_tanh':
      return graph.op('Gelu', [x], { approximate: 'tanh' });
    case 'relu':
      return graph.op('Relu', [x]);
    case 'silu':
    case 'swish':
      return graph.op('Mul', [x, graph.op('Sigmoid', [x])]);
    case 'tanh':
      return graph.op('Tanh', [x]);
  }
}
