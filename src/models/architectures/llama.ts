import { z } from 'zod';
import { InputError } from '../../core/errors.js';
import { readJson } from '../../io/files.js';
import type { Norm } from '../onnx/modules.js';
import type { Architecture } from './architecture.js';
import { activation, epsilon, headSizeOf, positive, usualScale, type ModelFiles } from './config.js';
import type { DecoderAttention, Projection } from './decoder-attention.js';
import { preNormLayer, type DecoderLayer } from './decoder-layers.js';
import { decoderParts } from './decoder.js';
import { ropeFields, ropeFrequencies } from './rope.js';

const configSchema = z.looseObject({
  vocab_size: positive,
  max_position_embeddings: positive.default(2048),
  hidden_size: positive,
  num_hidden_layers: positive,
  num_attention_heads: positive,
  num_key_value_heads: positive.nullish(),
  head_dim: positive.nullish(),
  intermediate_size: positive,
  hidden_act: activation.default('silu'),
  rms_norm_eps: epsilon.default(1e-6),
  attention_bias: z.boolean().default(false),
  mlp_bias: z.boolean().default(false),
  tie_word_embeddings: z.boolean().default(false),
  ...ropeFields,
});

type Config = z.infer<typeof configSchema>;
type AttentionShape = Pick<DecoderAttention, 'heads' | 'keyValueHeads' | 'headSize' | 'rotary'>;

/**
 * LLaMA (Touvron et al. 2023) 1 to 3: rotary positions, RMS norm before each part, keys and values shared by groups of
 * queries, and SwiGLU (Shazeer 2020) in the feed-forward part. After transformers' `modeling_llama.py`.
 */
export async function llama(files: ModelFiles): Promise<Architecture> {
  const { configPath } = files;
  const config = await readJson(configPath, configSchema, "LLaMA's configuration");
  const size = config.hidden_size;
  const heads = config.num_attention_heads;
  const keyValueHeads = config.num_key_value_heads ?? heads;
  const headSize = headSizeOf(files, { size, heads, field: 'num_attention_heads', headSize: config.head_dim });
  if (heads % keyValueHeads !== 0)
    throw new InputError(
      `${configPath}: field "num_key_value_heads": ${keyValueHeads} does not divide the ${heads} heads`,
    );
  const frequencies = ropeFrequencies(configPath, config, headSize, { theta: 10_000, share: 1 });
  const shape: AttentionShape = { heads, keyValueHeads, headSize, rotary: { frequencies, pairs: 'halves' } };

  return {
    ...decoderParts({
      ...{ layers: config.num_hidden_layers, size, vocabularySize: config.vocab_size },
      maxTokens: config.max_position_embeddings,
      prefixes: ['model.', ''],
      buffers: /\.rotary_emb\.inv_freq$/,
      ...{ words: 'embed_tokens', finalNorm: normOf(config, 'norm') },
      head: { tied: config.tie_word_embeddings },
    }),
    block: (step) => preNormLayer(step, layerOf(config, shape, step.layer)),
  };
}

function normOf(config: Config, name: string): Norm {
  return { kind: 'rms', name, size: config.hidden_size, epsilon: config.rms_norm_eps };
}

function layerOf(config: Config, shape: AttentionShape, layer: number): DecoderLayer {
  const { hidden_size: size, attention_bias: bias } = config;
  const name = `layers.${layer}`;
  const attend = (part: string): Projection => ({ name: `${name}.self_attn.${part}_proj`, bias });
  const feed = (part: string): Projection => ({ name: `${name}.mlp.${part}_proj`, bias: config.mlp_bias });
  return {
    attentionNorm: normOf(config, `${name}.input_layernorm`),
    attention: {
      ...{ ...shape, size, scale: usualScale(shape.headSize) },
      projections: { query: attend('q'), key: attend('k'), value: attend('v') },
      output: attend('o'),
    },
    feedForwardNorm: normOf(config, `${name}.post_attention_layernorm`),
    feedForward: {
      ...{ size, inner: config.intermediate_size, activation: config.hidden_act },
      ...{ gate: feed('gate'), raise: feed('up'), lower: feed('down') },
    },
  };
}
