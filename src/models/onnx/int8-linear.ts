import type { TensorSource } from '../checkpoint/tensors.js';
import type { Int8Weights } from '../quantization/int8-weights.js';
import type { WeightLayout } from '../quantization/int8.js';
import type { GraphBuilder, Value } from './graph.js';

/** A matrix's rows in eight bits: x[r] ≈ scales[r] · (values[r] - 128). */
interface QuantizedRows {
  /** uint8 [rows, columns]. */
  readonly values: Value;
  /** float32 [rows, 1]. */
  readonly scales: Value;
}

/**
 * Products of activations and weights in eight bits, summed in 32. Weights have a scale an output (quantization/int8.ts),
 * activations a scale a token, worked out as the model runs: a token whose values are far larger than the others', which
 * language models have, spoils no other's, and what a token yields does not depend on what is in the same run.
 */
export class Int8Linear {
  private readonly quantized = new Map<Value, QuantizedRows>();

  /** @param locate makes a path relative to the session's folder of weights */
  constructor(
    private readonly graph: GraphBuilder,
    private readonly weights: Int8Weights,
    private readonly locate: (path: string) => string,
  ) {}

  /** x Wᵀ + bias in float32, for x [rows, inputs] in float32. */
  apply(x: Value, tensor: TensorSource, layout: WeightLayout, bias: Value | null): Value {
    const { graph } = this;
    const [inputs, outputs] = (layout === 'outputs-first' ? [...tensor.shape].reverse() : tensor.shape) as [
      number,
      number,
    ];
    const { path, values, scales } = this.weights.want(tensor, layout);
    const location = this.locate(path);
    const name = `${tensor.name} int8 ${layout}`;
    const matrix = graph.external(name, 'int8', [inputs, outputs], { location, ...values });
    const columns = graph.external(`${name} scales`, 'float32', [outputs], { location, ...scales });
    const rows = this.quantize(x);
    const product = graph.runtimeOp('MatMulIntegerToFloat', [
      rows.values,
      matrix,
      graph.scalar(1),
      columns,
      this.middle(),
    ]);
    const scaled = graph.op('Mul', [product, rows.scales]);
    return bias === null ? scaled : graph.op('Add', [scaled, bias]);
  }

  /** scales[r] = max |x[r]| / 127; a row of zeros has the smallest scale there is, and stays zero. */
  private quantize(x: Value): QuantizedRows {
    const known = this.quantized.get(x);
    if (known !== undefined) return known;
    const { graph } = this;
    const along = (op: string): Value => graph.op(op, [x, graph.integers([1])], { keepdims: 0 });
    const largest = graph.op('Max', [along('ReduceMax'), graph.op('Neg', [along('ReduceMin')])]);
    const scale = graph.op('Max', [graph.op('Div', [largest, graph.scalar(127)]), graph.scalar(2 ** -126)]);
    const middles = graph.op('Expand', [this.middle(), graph.op('Shape', [scale])]);
    const values = graph.op('QuantizeLinear', [x, scale, middles], { axis: 0 });
    const rows = { values, scales: graph.op('Unsqueeze', [scale, graph.integers([1])]) };
    this.quantized.set(x, rows);
    return rows;
  }

  private middle(): Value {
    return this.graph.byte(128);
  }
}
