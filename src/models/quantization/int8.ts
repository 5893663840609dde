/** Layout of a linear layer's weights: one row per output (`nn.Linear`), or one row per input (GPT-2's Conv1D). */
export type WeightLayout = 'outputs-first' | 'inputs-first';

/** A linear layer's weights in eight bits: w[o, i] ≈ scales[o] · values[i, o]. */
export interface Int8Matrix {
  /** [inputs, outputs], in -127 … 127. */
  readonly values: Int8Array;
  /** [outputs]. */
  readonly scales: Float32Array;
}

/** To be increased when the results of {@link quantize} change: files of other versions are not used. */
export const int8Version = 1;

/**
 * Symmetric quantisation with one scale per output: scales[o] = max over i of |w[o, i]| / 127, rounded to float32, and
 * values[i, o] = w[o, i] / scales[o], rounded to the nearest integer, ties to even.
 * @throws RangeError for a weight that is NaN or infinite
 */
export function quantize(weights: Float32Array, inputs: number, outputs: number, layout: WeightLayout): Int8Matrix {
  const values = new Int8Array(inputs * outputs);
  const scales = new Float32Array(outputs);
  const [inputStep, outputStep] = layout === 'outputs-first' ? [1, inputs] : [outputs, 1];
  for (let output = 0; output < outputs; output++) {
    const start = output * outputStep;
    const scale = Math.fround(largestMagnitude(weights, start, inputStep, inputs) / 127);
    scales[output] = scale;
    if (scale === 0) continue;
    for (let input = 0; input < inputs; input++)
      values[input * outputs + output] = roundHalfToEven(weights[start + input * inputStep]! / scale);
  }
  return { values, scales };
}

function largestMagnitude(weights: Float32Array, start: number, step: number, count: number): number {
  let largest = 0;
  for (let i = 0, at = start; i < count; i++, at += step) {
    const magnitude = Math.abs(weights[at]!);
    if (!(magnitude < Infinity))
      throw new RangeError(`a weight of output ${start / (step === 1 ? count : 1)} is ${weights[at]!}`);
    if (magnitude > largest) largest = magnitude;
  }
  return largest;
}

/** Adding 1.5 · 2⁵² to a double leaves no bits for the fraction, so the addition rounds ties to even (IEEE 754). */
function roundHalfToEven(value: number): number {
  const shift = 6755399441055744;
  return Math.max(-127, Math.min(127, value + shift - shift));
}
