import type { WeightLayout } from '../quantization/int8.js';
import { activate, type Activation } from './activations.js';
import type { GraphBuilder, Value } from './graph.js';
import { Int8Linear } from './int8-linear.js';
import type { Weights } from './weights.js';

/** The layers that architectures are put together from. Activations are float32, [rows, columns]: one row a token. */
export class Modules {
  private readonly int8: Int8Linear | null;

  constructor(
    readonly graph: GraphBuilder,
    readonly weights: Weights,
  ) {
    const { int8 } = weights;
    this.int8 = int8 === null ? null : new Int8Linear(graph, int8, (path) => weights.locate(path));
  }

  /** Rows of the table `name.weight` [rows, columns] at these indices, which may have any shape. */
  embedding(name: string, indices: Value, rows: number, columns: number): Value {
    const weight = `${name}.weight`;
    const table = this.weights.getAsStored(weight, [rows, columns]);
    return this.weights.widen(this.graph.op('Gather', [table, indices], { axis: 0 }), weight);
  }

  /**
   * y = x Wᵀ + b with `name.weight` [outputs, inputs].
   * @param bias b [outputs]: true for `name.bias`, false for none, or the name of another tensor
   */
  linear(x: Value, name: string, inputs: number, outputs: number, bias: boolean | string = true): Value {
    const added = bias === false ? null : this.weights.get(bias === true ? `${name}.bias` : bias, [outputs]);
    return this.product(x, `${name}.weight`, [outputs, inputs], 'outputs-first', added);
  }

  /** As {@link linear}, with weights stored the other way round: `name.weight` [inputs, outputs] (GPT-2's Conv1D). */
  conv1d(x: Value, name: string, inputs: number, outputs: number): Value {
    const bias = this.weights.get(`${name}.bias`, [outputs]);
    return this.product(x, `${name}.weight`, [inputs, outputs], 'inputs-first', bias);
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

  private product(x: Value, weight: string, shape: readonly number[], layout: WeightLayout, bias: Value | null): Value {
    const { graph, weights, int8 } = this;
    if (int8 !== null) return int8.apply(x, weights.source(weight, shape), layout, bias);
    const operands = [x, weights.get(weight, shape), ...(bias === null ? [] : [bias])];
    return graph.op('Gemm', operands, { transB: layout === 'outputs-first' ? 1 : 0 });
  }
}
