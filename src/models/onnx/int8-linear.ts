import type { TensorSource } from '../checkpoint/tensors.js';
import type { Int8Weights } from '../quantization/int8-weights.js';
import type { WeightLayout } from '../quantization/int8.js';
import type { GraphBuilder, Value } from './graph.js';

/** A matrix quantised row by row: x[r] ≈ scales[r] · (values[r] - 128). */
interface QuantizedRows {
  /** uint8 [rows, columns]. */
  readonly values: Value;
  /** float32 [rows, 1]. */
  readonly scales: Value;
}

/**
 * Linear layers with activations and weights in eight bits, summed in 32 bits. Weights have one scale per output
 * (quantization/int8.ts), activations one scale per token, computed at run time. So the few tokens with extreme values
 * that language models have do not cost other tokens precision, and a token's result does not depend on the other texts
 * in the run.
 */
export class Int8Linear {
  private readonly quantized = new Map<Value, QuantizedRows>();

  /** @param locate makes a path relative to the session's weights folder */
  constructor(
    private readonly graph: GraphBuilder,
    private readonly weights: Int8Weights,
    private readonly locate: (path: string) => string,
  ) {}

  /** Computes x Wᵀ + bias; x [rows, inputs] and the result are float32. */
  apply(x: Value, tensor: TensorSource, layout: WeightLayout, bias: Value | null): Value {
    const { graph } = this;
    const [inputs, outputs] = (layout === 'outputs-first' ? [...tensor.shape].reverse() : tensor.shape) as [
      number,
      number,
    ];
    const { path, values, scales } = this.weights.plan(tensor, layout);
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
      this.zeroPoint(),
    ]);
    const scaled = graph.op('Mul', [product, rows.scales]);
    return bias === null ? scaled : graph.op('Add', [scaled, bias]);
  }

  /**
   * scales[r] = max |x[r]| / 127, but at least 2⁻¹²⁶ (the smallest normal float32), so that a row of zeros stays zero.
   */
  private quantize(x: Value): QuantizedRows {
    const cached = this.quantized.get(x);
    if (cached !== undefined) return cached;
    const { graph } = this;
    const reduceRows = (op: string): Value => graph.op(op, [x, graph.integers([1])], { keepdims: 0 });
    const largest = graph.op('Max', [reduceRows('ReduceMax'), graph.op('Neg', [reduceRows('ReduceMin')])]);
    const scale = graph.op('Max', [graph.op('Div', [largest, graph.scalar(127)]), graph.scalar(2 ** -126)]);
    const zeroPoints = graph.op('Expand', [this.zeroPoint(), graph.op('Shape', [scale])]);
    const values = graph.op('QuantizeLinear', [x, scale, zeroPoints], { axis: 0 });
    const rows = { values, scales: graph.op('Unsqueeze', [scale, graph.integers([1])]) };
    this.quantized.set(x, rows);
    return rows;
  }

  private zeroPoint(): Value {
    return this.graph.byte(128);
  }
}
