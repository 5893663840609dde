import { activate, type Activation } from './activations.js';
import type { GraphBuilder, Value } from './graph.js';
import type { Weights } from './weights.js';

/** The layers that architectures are put together from. Activations are float32, [rows, columns]: one row a token. */
export class Modules {
  constructor(
    readonly graph: GraphBuilder,
    readonly weights: Weights,
  ) {}

  /** Rows of the table `name.weight` [rows, columns] at these indices, which may have any shape. */
  embedding(name: string, indices: Value, rows: number, columns: number): Value {
    const weight = `${name}.weight`;
    const table = this.weights.getAsStored(weight, [rows, columns]);
    return this.weights.widen(this.graph.op('Gather', [table, indices], { axis: 0 }), weight);
  }

  /** y = x Wᵀ + b with `name.weight` [outputs, inputs] and, unless `bias` is false, `name.bias` [outputs]. */
  linear(x: Value, name: string, inputs: number, outputs: number, bias: boolean | string = true): Value {
    const operands = [x, this.weights.get(`${name}.weight`, [outputs, inputs])];
    if (bias !== false) operands.push(this.weights.get(bias === true ? `${name}.bias` : bias, [outputs]));
    return this.graph.op('Gemm', operands, { transB: 1 });
  }

  /** As {@link linear}, with weights stored the other way round: `name.weight` [inputs, outputs] (GPT-2's Conv1D). */
  conv1d(x: Value, name: string, inputs: number, outputs: number): Value {
    const weight = this.weights.get(`${name}.weight`, [inputs, outputs]);
    return this.graph.op('Gemm', [x, weight, this.weights.get(`${name}.bias`, [outputs])]);
  }

  /**
   * Layer normalisation over the columns, with `name.weight` and `name.bias` [size] (in old checkpoints `gamma` and
   * `beta`), or without parameters.
   */
  layerNorm(x: Value, name: string, size: number, epsilon: number, parameters = true): Value {
    const { graph, weights } = this;
    const operands = parameters
      ? [
          weights.get(weights.firstOf(`${name}.weight`, `${name}.gamma`), [size]),
          weights.get(weights.firstOf(`${name}.bias`, `${name}.beta`), [size]),
        ]
      : [graph.table(`ones ${size}`, [size], new Float32Array(size).fill(1))];
    return graph.op('LayerNormalization', [x, ...operands], { axis: -1, epsilon: { float: epsilon } });
  }

  /** x / √(mean of x² + epsilon) over the columns, times `name.weight` [size] (Zhang and Sennrich 2019). */
  rmsNorm(x: Value, name: string, size: number, epsilon: number): Value {
    const { graph } = this;
    const mean = graph.op('ReduceMean', [graph.op('Pow', [x, graph.scalar(2)]), graph.integers([-1])], { keepdims: 1 });
    const root = graph.op('Sqrt', [graph.op('Add', [mean, graph.scalar(epsilon)])]);
    return graph.op('Mul', [graph.op('Div', [x, root]), this.weights.get(`${name}.weight`, [size])]);
  }

  activate(x: Value, activation: Activation): Value {
    return activate(this.graph, x, activation);
  }

  /** The parts of x along an axis, of these sizes. */
  split(x: Value, sizes: readonly number[], axis = -1): Value[] {
    return this.graph.ops('Split', [x, this.graph.integers(sizes)], sizes.length, { axis });
  }

  add(...values: [Value, Value, ...Value[]]): Value {
    return values.reduce((sum, value) => this.graph.op('Add', [sum, value]));
  }

  /** The rows of x at these indices, or all of them. */
  rows(x: Value, indices: Value | null): Value {
    return indices === null ? x : this.graph.op('Gather', [x, indices], { axis: 0 });
  }
}
