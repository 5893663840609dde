import type { RotaryPositions } from '../onnx/rotary-angles.js';
import { rotaryFrequencies } from '../onnx/rotary-angles.js';

/**
 * Ways to stretch rotary positions to longer texts. Each follows the function of its name in transformers'
 * `modeling_rope_utils.py`, which computes in float32: `f` rounds as it does.
 */
const f = Math.fround;

/** Unscaled positions: the base θ, and the number of a head's dimensions that are rotated. */
export interface UnscaledRope {
  readonly theta: number;
  readonly dimensions: number;
}

/** θ^(2i/dimensions) for each pair i. */
function wavelengths({ theta, dimensions }: UnscaledRope): Float32Array {
  return Float32Array.from({ length: Math.ceil(dimensions / 2) }, (_, i) => theta ** f((2 * i) / dimensions));
}

/** All frequencies divided by a factor. */
export function linear(rope: UnscaledRope, factor: number): RotaryPositions {
  return { frequencies: rotaryFrequencies(rope.dimensions, rope.theta).map((frequency) => frequency / factor) };
}

/** Up to `context` tokens as without scaling; θ grows with the length of longer texts. */
export function dynamic(rope: UnscaledRope, factor: number, context: number): RotaryPositions {
  return {
    frequencies: rotaryFrequencies(rope.dimensions, rope.theta),
    longer: { than: context, dynamic: { theta: rope.theta, factor } },
  };
}

export interface Llama3Scaling {
  readonly factor: number;
  readonly low: number;
  readonly high: number;
  readonly context: number;
}

/**
 * LLaMA 3.1's scaling. Wavelengths are in tokens per full rotation: frequencies with a wavelength below `context / high`
 * are kept, those above `context / low` are divided by the factor, and those in between are interpolated.
 */
export function llama3(rope: UnscaledRope, { factor, low, high, context }: Llama3Scaling): RotaryPositions {
  return {
    frequencies: rotaryFrequencies(rope.dimensions, rope.theta).map((frequency) => {
      const wavelength = (2 * Math.PI) / frequency;
      if (wavelength < context / high) return frequency;
      if (wavelength > context / low) return frequency / factor;
      const smooth = (context / wavelength - low) / (high - low);
      return ((1 - smooth) * frequency) / factor + smooth * frequency;
    }),
  };
}

export interface YarnScaling {
  readonly factor: number;
  /** Number of tokens that the model was trained with. */
  readonly context: number;
  readonly betaFast: number;
  readonly betaSlow: number;
  /** True if the limits of the ramp are rounded to whole pairs. */
  readonly truncate: boolean;
  readonly attentionFactor: number | null;
  readonly mscale: number | null;
  readonly mscaleAllDim: number | null;
}

/** YaRN (Peng et al. 2023): fast pairs are kept, slow ones divided by the factor, with a ramp in between. */
export function yarn(rope: UnscaledRope, scaling: YarnScaling): RotaryPositions {
  const { theta, dimensions } = rope;
  const { factor, context, truncate } = scaling;
  const pairOf = (rotations: number): number =>
    (dimensions * Math.log(context / (rotations * 2 * Math.PI))) / (2 * Math.log(theta));
  const [first, last] = [pairOf(scaling.betaFast), pairOf(scaling.betaSlow)];
  const low = Math.max(truncate ? Math.floor(first) : first, 0);
  const high = Math.min(truncate ? Math.ceil(last) : last, dimensions - 1);
  const width = low === high ? 0.001 : high - low;
  const frequencies = wavelengths(rope).map((wavelength, i) => {
    const kept = f(1 - Math.min(Math.max(f(f(i - low) / width), 0), 1));
    return f(f(f(1 / f(factor * wavelength)) * f(1 - kept)) + f(f(1 / wavelength) * kept));
  });
  return { frequencies, amplitude: scaling.attentionFactor ?? yarnAmplitude(scaling) };
}

function yarnAmplitude({ factor, mscale, mscaleAllDim }: YarnScaling): number {
  const amplitude = (weight: number): number => (factor <= 1 ? 1 : 0.1 * weight * Math.log(factor) + 1);
  return mscale && mscaleAllDim ? amplitude(mscale) / amplitude(mscaleAllDim) : amplitude(1);
}

export interface LongRopeScaling {
  readonly factor: number;
  readonly context: number;
  /** A factor for each pair, for texts of up to `context` tokens and for longer ones. */
  readonly short: readonly number[];
  readonly long: readonly number[];
  readonly attentionFactor: number | null;
}

/** LongRoPE (Ding et al. 2024), Phi-3's scaling: a factor for each pair, other ones for texts beyond `context` tokens. */
export function longRope(rope: UnscaledRope, scaling: LongRopeScaling): RotaryPositions {
  const { factor, context, short, long, attentionFactor } = scaling;
  const divided = (factors: readonly number[]): Float32Array =>
    wavelengths(rope).map((wavelength, i) => 1 / f(f(factors[i]!) * wavelength));
  return {
    frequencies: divided(short),
    amplitude: attentionFactor ?? (factor <= 1 ? 1 : Math.sqrt(1 + Math.log(factor) / Math.log(context))),
    longer: { than: context, frequencies: divided(long) },
  };
}

/**
 * NTK scaling of Alibaba-NLP/new-impl (`NTKScalingRotaryEmbedding` of its modeling.py), for texts of any length: θ times
 * the factor, and each frequency divided by factor^(2/dimensions), or with `mixed` by exp(a · (i + 1)^mixed) where
 * a = ln(factor) / (dimensions / 2)^mixed.
 */
export function fixedNtk({ theta, dimensions }: UnscaledRope, factor: number, mixed: number | null): RotaryPositions {
  if (mixed === null) {
    const divisor = f(factor ** (2 / dimensions));
    return { frequencies: rotaryFrequencies(dimensions, theta * factor).map((frequency) => frequency / divisor) };
  }
  const a = f(f(Math.log(f(factor))) / f((dimensions / 2) ** mixed));
  return {
    frequencies: rotaryFrequencies(dimensions, theta).map(
      (frequency, i) => frequency / f(Math.exp(f(a * f((i + 1) ** mixed)))),
    ),
  };
}
