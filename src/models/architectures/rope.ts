import { z } from 'zod';
import { InputError } from '../../core/errors.js';
import { rotaryFrequencies } from '../onnx/rotary.js';
import { positive } from './config.js';

const ropeSchema = z
  .looseObject({
    /** Called `type` before transformers 4.45. */
    rope_type: z.string().nullish(),
    type: z.string().nullish(),
    rope_theta: z.number().positive().nullish(),
    partial_rotary_factor: z.number().positive().max(1).nullish(),
    factor: z.number().positive().nullish(),
    low_freq_factor: z.number().positive().nullish(),
    high_freq_factor: z.number().positive().nullish(),
    original_max_position_embeddings: positive.nullish(),
  })
  .nullish();

/** Configuration fields for rotary positions; transformers 5 has them all in `rope_parameters`. */
export const ropeFields = {
  rope_parameters: ropeSchema,
  rope_scaling: ropeSchema,
  rope_theta: z.number().positive().nullish(),
};

export type RopeConfig = { readonly [Field in keyof typeof ropeFields]?: z.infer<(typeof ropeFields)[Field]> };

/** Supported ways to scale rotary positions to longer inputs. */
const ropeTypes = ['default', 'linear', 'llama3'] as const;

/**
 * The rotary frequencies of a configuration.
 * @param defaults values for fields that are missing; `fraction` is the fraction of a head's dimensions that is rotated
 * @throws InputError for a scaling that is not supported, or an odd head size
 */
export function ropeFrequencies(
  configPath: string,
  config: RopeConfig,
  headSize: number,
  defaults: { readonly theta: number; readonly fraction: number },
): Float32Array {
  const rope = config.rope_parameters ?? config.rope_scaling ?? {};
  const theta = rope.rope_theta ?? config.rope_theta ?? defaults.theta;
  const fraction = rope.partial_rotary_factor ?? defaults.fraction;
  const name = rope.rope_type ?? rope.type ?? 'default';
  const field = config.rope_parameters == null ? 'rope_scaling' : 'rope_parameters';
  const type = ropeTypes.find((supported) => supported === name);
  if (type === undefined)
    throw new InputError(
      `${configPath}: field "${field}": rope_type "${name}" is not supported; supported: ${ropeTypes.join(', ')}`,
    );
  const frequencies = rotaryFrequencies(Math.floor(headSize * fraction), theta);
  if (2 * frequencies.length > headSize)
    throw new InputError(`${configPath}: rotary positions need an even head size, found ${headSize}`);
  if (type === 'default') return frequencies;
  const required = (
    key: 'factor' | 'low_freq_factor' | 'high_freq_factor' | 'original_max_position_embeddings',
  ): number => {
    const value = rope[key];
    if (value == null)
      throw new InputError(`${configPath}: field "${field}.${key}" is missing; ${type} scaling needs it`);
    return value;
  };
  const factor = required('factor');
  if (type === 'linear') return frequencies.map((frequency) => frequency / factor);
  const scaling = {
    factor,
    low: required('low_freq_factor'),
    high: required('high_freq_factor'),
    context: required('original_max_position_embeddings'),
  };
  return frequencies.map((frequency) => llama3Frequency(frequency, scaling));
}

/**
 * LLaMA 3.1's scaling (`_compute_llama3_parameters` of transformers). Wavelengths are in tokens per full rotation:
 * frequencies with a wavelength below `context / high` are kept, those above `context / low` are divided by the factor,
 * and those in between are interpolated.
 */
function llama3Frequency(
  frequency: number,
  { factor, low, high, context }: Readonly<Record<'factor' | 'low' | 'high' | 'context', number>>,
): number {
  const wavelength = (2 * Math.PI) / frequency;
  if (wavelength < context / high) return frequency;
  if (wavelength > context / low) return frequency / factor;
  const smooth = (context / wavelength - low) / (high - low);
  return ((1 - smooth) * frequency) / factor + smooth * frequency;
}
