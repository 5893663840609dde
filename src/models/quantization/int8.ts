/** How the rows of a linear layer's weights lie: one an output (`nn.Linear`), or one an input (GPT-2's Conv1D). */
export type WeightLayout = 'outputs-first' | 'inputs-first';

/** A linear layer's weights in eight bits: w[o, i] ≈ scales[o] · values[i, o]. */
export interface Int8Matrix {
  /** [inputs, outputs], in -127 … 127. */
  readonly values: Int8Array;
  /** [outputs]. */
  readonly scales: Float32Array;
}

/** Raised when what {@link quantize} yields changes: quantised weights of another version are not used. */
export const int8Version = 1;

/**
 * Symmetric, one scale an output: scales[o] = max over i of |w[o, i]| / 127, rounded to float32, and values[i, o] =
 * w[o, i] / scales[o], rounded to the nearest whole number, halves to the even one.
 * @throws RangeError for a weight that is no finite number
 */
export function quantize(weights: Float32Array, inputs: number, outputs: number, layout: WeightLayout): Int8Matrix {
  const values = new Int8Array(inputs * outputs);
  const scales = new Float32Array(outputs);
  const [inputStep, outputStep] = layout === 'outputs-first' ? [1, inputs] : [outputs, 1];
  for (let output = 0; output < outputs; output++) {
    const start = output * outputStep;
    const scale = Math.fround(largest(weights, start, inputStep, inputs) / 127);
    scales[output] = scale;
    if (scale === 0) continue;
    for (let input = 0; input < inputs; input++)
      values[input * outputs + output] = roundHalfToEven(weights[start + input * inputStep]! / scale);
  }
  return { values, scales };
}

function largest(weights: Float32Array, start: number, step: number, count: number): number {
  let found = 0;
  for (let i = 0, at = start; i < count; i++, at += step) {
    const size = Math.abs(weights[at]!);
    if (!(size < Infinity))
      throw new RangeError(`a weight of output ${start / (step === 1 ? count : 1)} is ${weights[at]!}`);
    if (size > found) found = size;
  }
  return found;
}

/** Adding 1.5 · 2⁵² to a double leaves no bits for what is behind the point; the processor rounds as IEEE 754 says. */
function roundHalfToEven(value: number): number {
  const shift = 6755399441055744;
  return Math.max(-127, Math.min(127, value + shift - shift));
}
