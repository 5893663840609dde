import type { GraphBuilder, Value } from './graph.js';

/** Activation functions, as config.json names them. */
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
 * Adds an activation function:
 * - `gelu`: x Φ(x), exact; `gelu_new`, `gelu_fast` and `gelu_pytorch_tanh`: the tanh approximation of GPT-2
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
