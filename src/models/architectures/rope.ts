import { z } from 'zod';
import { InputError } from '../../core/errors.js';
import { rotaryFrequencies, type RotaryPositions } from '../onnx/rotary-angles.js';
import { positive } from './config.js';
import { dynamic, linear, llama3, longRope, yarn, type UnscaledRope } from './rope-scaling.js';

const factor = z.number().positive().nullish();

/** The settings of one kind of layer. */
const ropeSchema = z
  .looseObject({
    /** Called `type` before transformers 4.45. */
    rope_type: z.string().nullish(),
    type: z.string().nullish(),
    rope_theta: factor,
    partial_rotary_factor: z.number().positive().max(1).nullish(),
    factor,
    low_freq_factor: factor,
    high_freq_factor: factor,
    original_max_position_embeddings: positive.nullish(),
    attention_factor: factor,
    beta_fast: factor,
    beta_slow: factor,
    mscale: z.number().nullish(),
    mscale_all_dim: z.number().nullish(),
    truncate: z.boolean().nullish(),
    short_factor: z.array(z.number().positive()).nullish(),
    long_factor: z.array(z.number().positive()).nullish(),
  })
  .nullish();

/** Configuration fields for rotary positions; transformers 5 has them all in `rope_parameters`. */
export const ropeFields = {
  rope_parameters: ropeSchema,
  rope_scaling: ropeSchema,
  rope_theta: factor,
  partial_rotary_factor: z.number().positive().max(1).nullish(),
  original_max_position_embeddings: positive.nullish(),
};

type RopeSettings = NonNullable<z.infer<typeof ropeSchema>>;
export type RopeConfig = { readonly [Field in keyof typeof ropeFields]?: z.infer<(typeof ropeFields)[Field]> } & {
  readonly max_position_embeddings?: number | undefined;
};

/** Values for fields that are missing. */
export interface RopeDefaults {
  readonly theta: number;
  /** The fraction of a head's dimensions that is rotated; the configuration may give another one. */
  readonly fraction: number;
  /** True if all of a head's dimensions are rotated, whatever the configuration says: another fraction is refused. */
  readonly whole?: boolean;
  /** Other names of scalings in this family's checkpoints. */
  readonly aliases?: Readonly<Record<string, string>>;
}

/**
 * The rotary positions of a configuration.
 * @throws InputError for a scaling that is not supported, a value that it lacks, or an odd head size
 */
export function ropePositions(
  configPath: string,
  config: RopeConfig,
  headSize: number,
  defaults: RopeDefaults,
): RotaryPositions {
  const scaling = config.rope_scaling ?? {};
  const field = Object.keys(scaling).length > 0 ? 'rope_scaling' : 'rope_parameters';
  const settings = (field === 'rope_scaling' ? config.rope_scaling : config.rope_parameters) ?? {};
  return scaledPositions({ configPath, field, config, settings }, headSize, defaults);
}

/** Kinds of layers that may have positions of their own (Gemma 3, ModernBERT). */
export type LayerKind = 'full_attention' | 'sliding_attention';

/**
 * The rotary positions of one kind of layers.
 * @param config its `rope_parameters` are by kind, its `rope_scaling` (older configurations) belongs to `scaled` kinds
 */
export function ropePositionsOf(
  kind: LayerKind,
  { configPath, headSize }: { readonly configPath: string; readonly headSize: number },
  config: RopeConfig,
  { theta, scaled }: { readonly theta: number; readonly scaled: boolean },
): RotaryPositions {
  const byKind = z.record(z.string(), z.unknown()).nullish().parse(config.rope_parameters) ?? {};
  const parsed = ropeSchema.safeParse(byKind[kind]);
  if (!parsed.success || 'rope_type' in byKind)
    throw new InputError(
      `${configPath}: field "rope_parameters.${kind}" does not fit; expected the settings of its rope`,
    );
  const settings = { ...parsed.data, ...(scaled ? config.rope_scaling : {}) };
  const field = `rope_parameters.${kind}`;
  const own = { max_position_embeddings: config.max_position_embeddings };
  return scaledPositions({ configPath, field, config: own, settings }, headSize, { theta, fraction: 1, whole: true });
}

interface RopeSource {
  readonly configPath: string;
  /** Name of the field that `settings` are from. */
  readonly field: string;
  readonly config: RopeConfig;
  readonly settings: RopeSettings;
}

/** Supported scalings, each with the function that reads its settings. */
const scalings: Readonly<Record<string, (rope: UnscaledRope, values: ScalingValues) => RotaryPositions>> = {
  default: ({ theta, dimensions }) => ({ frequencies: rotaryFrequencies(dimensions, theta) }),
  linear: (rope, values) => linear(rope, values.required('factor')),
  dynamic: (rope, values) => dynamic(rope, values.required('factor'), values.maxPositions()),
  llama3: (rope, values) =>
    llama3(rope, {
      factor: values.required('factor'),
      low: values.required('low_freq_factor'),
      high: values.required('high_freq_factor'),
      context: values.context(),
    }),
  yarn: (rope, values) =>
    yarn(rope, {
      factor: values.factor(),
      context: values.context(),
      betaFast: values.settings.beta_fast ?? 32,
      betaSlow: values.settings.beta_slow ?? 1,
      truncate: values.settings.truncate ?? true,
      attentionFactor: values.settings.attention_factor ?? null,
      mscale: values.settings.mscale ?? null,
      mscaleAllDim: values.settings.mscale_all_dim ?? null,
    }),
  longrope: (rope, values) =>
    longRope(rope, {
      factor: values.factor(),
      context: values.context(),
      short: values.perPair('short_factor', rope.dimensions),
      long: values.perPair('long_factor', rope.dimensions),
      attentionFactor: values.settings.attention_factor ?? null,
    }),
};

function scaledPositions(source: RopeSource, headSize: number, defaults: RopeDefaults): RotaryPositions {
  const { configPath, field, config, settings } = source;
  const theta = settings.rope_theta ?? config.rope_theta ?? defaults.theta;
  const fraction = settings.partial_rotary_factor ?? config.partial_rotary_factor ?? defaults.fraction;
  if (defaults.whole === true && fraction !== 1)
    throw new InputError(`${configPath}: field "partial_rotary_factor": ${fraction} is not supported here; expected 1`);
  const dimensions = Math.floor(headSize * fraction);
  if (2 * Math.ceil(dimensions / 2) > headSize)
    throw new InputError(`${configPath}: rotary positions need an even head size, found ${headSize}`);
  const given = settings.rope_type ?? settings.type ?? 'default';
  const type = defaults.aliases?.[given] ?? given;
  const scaling = Object.hasOwn(scalings, type) ? scalings[type] : undefined;
  if (scaling === undefined || 'full_attention' in settings)
    throw new InputError(
      scaling === undefined
        ? `${configPath}: field "${field}": rope_type "${given}" is not supported; supported: ${Object.keys(scalings).join(', ')}`
        : `${configPath}: field "${field}": settings by kind of layer are not supported for this model_type`,
    );
  return scaling({ theta, dimensions }, new ScalingValues(source, type));
}

/** Reads the values that a scaling needs. */
class ScalingValues {
  readonly settings: RopeSettings;

  constructor(
    private readonly source: RopeSource,
    private readonly type: string,
  ) {
    this.settings = source.settings;
  }

  required(key: 'factor' | 'low_freq_factor' | 'high_freq_factor'): number {
    return this.settings[key] ?? this.missing(`${this.source.field}.${key}`);
  }

  maxPositions(): number {
    return this.source.config.max_position_embeddings ?? this.missing('max_position_embeddings');
  }

  /** Number of tokens that the model was trained with before it was stretched. */
  context(): number {
    const { config, settings } = this.source;
    return config.original_max_position_embeddings ?? settings.original_max_position_embeddings ?? this.maxPositions();
  }

  /** The factor, or the ratio of the configured lengths. */
  factor(): number {
    return this.settings.factor ?? this.maxPositions() / this.context();
  }

  perPair(key: 'short_factor' | 'long_factor', dimensions: number): readonly number[] {
    const factors = this.settings[key] ?? this.missing(`${this.source.field}.${key}`);
    if (factors.length === dimensions / 2) return factors;
    throw new InputError(
      `${this.source.configPath}: field "${this.source.field}.${key}" has ${factors.length} factors; ${dimensions} rotated dimensions need ${dimensions / 2}`,
    );
  }

  private missing(field: string): never {
    throw new InputError(`${this.source.configPath}: field "${field}" is missing; ${this.type} scaling needs it`);
  }
}

/**
 * The longest input in tokens: the configured number of positions, which dynamic scaling counts before it stretches them.
 */
export function maxTokensOf(maxPositions: number, { longer }: RotaryPositions): number {
  return longer !== undefined && 'dynamic' in longer ? Math.floor(maxPositions * longer.dynamic.factor) : maxPositions;
}
