import type { WeightLayout } from '../quantization/int8.js';
import { activate, type Activation } from './activations.js';
import type { GraphBuilder, Value } from './graph.js';
import { Int8Linear } from './int8-linear.js';
import type { Weights } from './weights.js';

/** A linear layer of a checkpoint, y = x Wᵀ + b: the names and the layout of its tensors. */
export interface Linear {
  /** First part of the tensor names `name.weight` and `name.bias`. */
  readonly name: string;
  readonly inputs: number;
  readonly outputs: number;
  /** b [outputs]: true (the default) for `name.bias`, false for no bias, or the name of another tensor. */
  readonly bias?: boolean | string;
  /**
   * Shape of `name.weight`: `outputs-first` (the default) [outputs, inputs], `inputs-first` [inputs, outputs] (Conv1D).
   */
  readonly layout?: WeightLayout;
}

/** A normalisation layer of a checkpoint, over the columns. */
export interface Norm {
  /**
   * - `layer`: shifted and scaled to mean 0 and variance 1, then times `name.weight` plus `name.bias` (`gamma` and
   *   `beta` in old checkpoints)
   * - `plain`: the same without parameters
   * - `rms`: x / √(mean of x² + epsilon), then times `name.weight` (Zhang and Sennrich 2019)
   * - `rms-from-zero`: the same, times 1 + `name.weight` (Gemma)
   */
  readonly kind: 'layer' | 'plain' | 'rms' | 'rms-from-zero';
  readonly name: string;
  /** False if a norm of kind `layer` has no bias (ModernBERT). Default: true. */
  readonly bias?: boolean;
  /** Number of columns. */
  readonly size: number;
  readonly epsilon: number;
}

/** The layers that architectures are composed of. Activations are float32 [rows, columns] with one row per token. */
export class Modules {
  private readonly int8: Int8Linear | null;

  constructor(
    readonly graph: GraphBuilder,
    readonly weights: Weights,
  ) {
    const { int8 } = weights;
    this.int8 = int8 === null ? null : new Int8Linear(graph, int8, (path) => weights.locate(path));
  }

  /** Looks up rows of the table `name.weight` [rows, columns]. @param indices of any shape */
  embedding(name: string, indices: Value, rows: number, columns: number): Value {
    const weight = `${name}.weight`;
    const table = this.weights.getAsStored(weight, [rows, columns]);
    return this.weights.widen(this.graph.op('Gather', [table, indices], { axis: 0 }), weight);
  }

  /** y = x Wᵀ + b. */
  linear(x: Value, { name, inputs, outputs, bias = true, layout = 'outputs-first' }: Linear): Value {
    const { graph, weights, int8 } = this;
    const weight = `${name}.weight`;
    const shape = layout === 'outputs-first' ? [outputs, inputs] : [inputs, outputs];
    const added = bias === false ? null : weights.get(bias === true ? `${name}.bias` : bias, [outputs]);
    if (int8 !== null) return int8.apply(x, weights.source(weight, shape), layout, added);
    const operands = [x, weights.get(weight, shape), ...(added === null ? [] : [added])];
    return graph.op('Gemm', operands, { transB: layout === 'outputs-first' ? 1 : 0 });
  }

  /** Normalises the last dimension of x, which has `norm.size` columns. */
  norm(x: Value, norm: Norm): Value {
    return norm.kind.startsWith('rms') ? this.rmsNorm(x, norm) : this.layerNorm(x, norm);
  }

  activate(x: Value, activation: Activation): Value {
    return activate(this.graph, x, activation);
  }

  /** Splits x along an axis into parts of these sizes. */
  split(x: Value, sizes: readonly number[], axis = -1): Value[] {
    return this.graph.ops('Split', [x, this.graph.integers(sizes)], sizes.length, { attributes: { axis } });
  }

  add(...values: [Value, Value, ...Value[]]): Value {
    return values.reduce((sum, value) => this.graph.op('Add', [sum, value]));
  }

  /** Selects the rows of x at these indices; null selects all. */
  rows(x: Value, indices: Value | null): Value {
    return indices === null ? x : this.graph.op('Gather', [x, indices], { axis: 0 });
  }

  private layerNorm(x: Value, { kind, name, size, epsilon, bias = true }: Norm): Value {
    const { graph, weights } = this;
    const operands =
      kind === 'plain'
        ? [graph.table(`ones ${size}`, [size], new Float32Array(size).fill(1))]
        : [
            weights.get(weights.firstOf(`${name}.weight`, `${name}.gamma`), [size]),
            ...(bias ? [weights.get(weights.firstOf(`${name}.bias`, `${name}.beta`), [size])] : []),
          ];
    return graph.op('LayerNormalization', [x, ...operands], { axis: -1, epsilon: { float: epsilon } });
  }

  private rmsNorm(x: Value, { kind, name, size, epsilon }: Norm): Value {
    const { graph } = this;
    const mean = graph.op('ReduceMean', [graph.op('Pow', [x, graph.scalar(2)]), graph.integers([-1])], { keepdims: 1 });
    const root = graph.op('Sqrt', [graph.op('Add', [mean, graph.scalar(epsilon)])]);
    const weight = this.weights.get(`${name}.weight`, [size]);
    const factor = kind === 'rms' ? weight : graph.op('Add', [weight, graph.scalar(1)]);
    return graph.op('Mul', [graph.op('Div', [x, root]), factor]);
  }
}
