import { z } from 'zod';
import { InputError } from '../../core/errors.js';
import { rotaryFrequencies } from '../onnx/rotary.js';
import { positive } from './config.js';

const ropeSchema = z
  .looseObject({
    /** Before transformers 4.45 `type`. */
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

/** The fields that say how positions are turned: transformers 5 has them all in `rope_parameters`. */
export const ropeFields = {
  rope_parameters: ropeSchema,
  rope_scaling: ropeSchema,
  rope_theta: z.number().positive().nullish(),
};

export type RopeConfig = { readonly [Field in keyof typeof ropeFields]?: z.infer<(typeof ropeFields)[Field]> };

/** The ways to stretch rotary positions that are known here. */
const ropeTypes = ['default', 'linear', 'llama3'] as const;

/**
 * The frequencies that a configuration asks for.
 * @param defaults where the configuration does not say
 * @throws InputError for a way to scale them that is not known
 */
export function ropeFrequencies(
  configPath: string,
  config: RopeConfig,
  headSize: number,
  defaults: { readonly theta: number; readonly share: number },
): Float32Array {
  const rope = config.rope_parameters ?? config.rope_scaling ?? {};
  const theta = rope.rope_theta ?? config.rope_theta ?? defaults.theta;
  const share = rope.partial_rotary_factor ?? defaults.share;
  const name = rope.rope_type ?? rope.type ?? 'default';
  const field = config.rope_parameters == null ? 'rope_scaling' : 'rope_parameters';
  const type = ropeTypes.find((known) => known === name);
  if (type === undefined)
    throw new InputError(
      `${configPath}: field "${field}": rope_type "${name}" is not supported; supported: ${ropeTypes.join(', ')}`,
    );
  const frequencies = rotaryFrequencies(Math.floor(headSize * share), theta);
  if (2 * frequencies.length > headSize)
    throw new InputError(`${configPath}: rotary positions need an even head size, found ${headSize}`);
  if (type === 'default') return frequencies;
  const need = (
    key: 'factor' | 'low_freq_factor' | 'high_freq_factor' | 'original_max_position_embeddings',
  ): number => {
    const value = rope[key];
    if (value == null)
      throw new InputError(`${configPath}: field "${field}.${key}" is missing; ${type} scaling needs it`);
    return value;
  };
  const factor = need('factor');
  if (type === 'linear') return frequencies.map((frequency) => frequency / factor);
  const scaling = {
    factor,
    low: need('low_freq_factor'),
    high: need('high_freq_factor'),
    context: need('original_max_position_embeddings'),
  };
  return frequencies.map((frequency) => llama3Frequency(frequency, scaling));
}

/**
 * LLaMA 3.1's scaling (`_compute_llama3_parameters` of transformers): fast turns stay, those slower than `context / low`
 * tokens a turn are slowed down by the factor, and what lies between goes over smoothly.
 */
function llama3Frequency(
  frequency: number,
  { factor, low, high, context }: Readonly<Record<'factor' | 'low' | 'high' | 'context', number>>,
): number {
  const turn = (2 * Math.PI) / frequency;
  if (turn < context / high) return frequency;
  if (turn > context / low) return frequency / factor;
  const smooth = (context / turn - low) / (high - low);
  return ((1 - smooth) * frequency) / factor + smooth * frequency;
}
