import type { GraphBuilder, Value } from './graph.js';
import type { Weights } from './weights.js';

/** The layers that architectures are put together from. Activations are float32, [rows, columns]: one row a token. */
export class Modules {
  constructor(
    readonly graph: GraphBuilder,
    readonly weights: Weights,
  ) {}

  /** Rows of the table `name.weight` [rows, columns] at these indices. */
  embedding(name: string, indices: Value, rows: number, columns: number): Value {
    const weight = `${name}.weight`;
    const table = this.weights.getAsStored(weight, [rows, columns]);
    return this.weights.widen(this.graph.op('Gather', [table, indices], { axis: 0 }), weight);
  }

  /** y = x Wᵀ + b with `name.weight` [outputs, inputs] and, unless `bias` is false, `name.bias` [outputs]. */
  linear(x: Value, name: string, inputs: number, outputs: number, bias = true): Value {
    const operands = [x, this.weights.get(`${name}.weight`, [outputs, inputs])];
    if (bias) operands.push(this.weights.get(`${name}.bias`, [outputs]));
    return this.graph.op('Gemm', operands, { transB: 1 });
  }

  /** Layer normalisation over the columns, with `name.weight` and `name.bias` [size]. */
  layerNorm(x: Value, name: string, size: number, epsilon: number): Value {
    const scale = this.weights.get(`${name}.weight`, [size]);
    const bias = this.weights.get(`${name}.bias`, [size]);
    return this.graph.op('LayerNormalization', [x, scale, bias], { axis: -1, epsilon: { float: epsilon } });
  }

  /** x Φ(x): exact (`none`), or by the tanh formula that GPT-2 and its kin were trained with (`tanh`). */
  gelu(x: Value, approximate: 'none' | 'tanh'): Value {
    return this.graph.op('Gelu', [x], { approximate });
  }

  add(a: Value, b: Value): Value {
    return this.graph.op('Add', [a, b]);
  }

  /** The rows of x at these indices, or all of them. */
  rows(x: Value, indices: Value | null): Value {
    return indices === null ? x : this.graph.op('Gather', [x, indices], { axis: 0 });
  }
}
