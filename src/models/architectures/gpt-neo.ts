import { z } from 'zod';
import { InputError } from '../../core/errors.js';
import { readJson } from '../../io/files.js';
import type { Norm } from '../onnx/modules.js';
import type { Architecture } from './architecture.js';
import { activation, epsilon, headSizeOf, positive, type ModelFiles } from './config.js';
import type { Projection } from './decoder-attention.js';
import { preNormLayer, type DecoderLayer } from './decoder-layers.js';
import { decoderParts } from './decoder.js';

/** Limit of the lists and repetitions that describe layers; every layer is looked up in them. */
const maxLayers = 10_000;

const configSchema = z.looseObject({
  vocab_size: positive,
  max_position_embeddings: positive,
  hidden_size: positive,
  num_layers: positive,
  num_heads: positive,
  intermediate_size: positive.nullish(),
  window_size: positive,
  layer_norm_epsilon: epsilon.default(1e-5),
  activation_function: activation.default('gelu_new'),
  tie_word_embeddings: z.boolean().default(true),
  /** Patterns, each with its number of repetitions: [[["global", "local"], 6]]. */
  attention_types: z
    .array(z.tuple([z.array(z.enum(['global', 'local'])).max(maxLayers), z.int().nonnegative().max(maxLayers)]))
    .max(maxLayers),
});

type GptNeoConfig = z.infer<typeof configSchema>;

/**
 * GPT-Neo (Black et al. 2021): learned positions, layer norm before each part, attention without scaling. Every other
 * layer sees only the last `window_size` tokens. Follows transformers' `modeling_gpt_neo.py`.
 */
export async function gptNeo(files: ModelFiles): Promise<Architecture> {
  const { configPath } = files;
  const config = await readJson(configPath, configSchema, "GPT-Neo's configuration");
  const size = config.hidden_size;
  const headSize = headSizeOf(files, { size, heads: config.num_heads, field: 'num_heads' });
  const layersInTypes = config.attention_types.reduce((sum, [pattern, times]) => sum + pattern.length * times, 0);
  if (layersInTypes !== config.num_layers)
    throw new InputError(
      `${configPath}: field "attention_types" describes ${layersInTypes} layers, "num_layers" says ${config.num_layers}`,
    );

  return {
    ...decoderParts({
      ...{ layers: config.num_layers, size, vocabularySize: config.vocab_size },
      maxTokens: config.max_position_embeddings,
      prefixes: ['transformer.', ''],
      buffers: /\.attn\.attention\.(bias|masked_bias)$/,
      ...{ wordEmbeddings: 'wte', positionEmbeddings: 'wpe', finalNorm: normOf(config, 'ln_f') },
      head: { tied: config.tie_word_embeddings },
    }),
    block: (step) => preNormLayer(step, layerOf(config, headSize, step.layer)),
  };
}

function normOf(config: GptNeoConfig, name: string): Norm {
  return { kind: 'layer', name, size: config.hidden_size, epsilon: config.layer_norm_epsilon };
}

function layerOf(config: GptNeoConfig, headSize: number, layer: number): DecoderLayer {
  const { hidden_size: size, num_heads: heads } = config;
  const name = `h.${layer}`;
  const project = (part: string): Projection => ({ name: `${name}.attn.attention.${part}_proj`, bias: part === 'out' });
  return {
    attentionNorm: normOf(config, `${name}.ln_1`),
    attention: {
      ...{ size, heads, headSize, scale: null },
      window: attentionKind(config.attention_types, layer) === 'local' ? config.window_size : null,
      projections: { query: project('q'), key: project('k'), value: project('v') },
      output: project('out'),
    },
    feedForwardNorm: normOf(config, `${name}.ln_2`),
    feedForward: {
      ...{ size, inner: config.intermediate_size ?? 4 * size, activation: config.activation_function },
      up: { name: `${name}.mlp.c_fc` },
      down: { name: `${name}.mlp.c_proj` },
    },
  };
}

/**
 * The kind of a layer's attention. The patterns are not expanded: a few bytes of JSON can repeat one a billion times.
 */
function attentionKind(types: GptNeoConfig['attention_types'], layer: number): 'global' | 'local' | undefined {
  let first = 0;
  for (const [pattern, times] of types) {
    const end = first + pattern.length * times;
    if (layer < end) return pattern[(layer - first) % pattern.length];
    first = end;
  }
  return undefined;
}
