import { z } from 'zod';
import { readJson } from '../../io/files.js';
import type { Architecture } from './architecture.js';
import { activation, positive, type ModelFiles } from './config.js';
import { layerKinds, layerTypeFields, windowFor } from './layer-types.js';
import { llamaFields, llamaLike, type LlamaFamily, type LlamaFields } from './llama-like.js';

/** Configuration fields that all Gemmas share, with the values of transformers where one is missing. */
export const gemmaFields = {
  ...llamaFields,
  head_dim: positive.default(256),
  attention_bias: z.boolean().default(false),
  tie_word_embeddings: z.boolean().default(true),
};

/** c of c · tanh(x / c), or null for none. */
export const softCap = z.number().positive().nullable();

const gemmaSchema = z.looseObject({
  ...gemmaFields,
  max_position_embeddings: positive.default(8192),
  hidden_act: activation.default('gelu_pytorch_tanh'),
});

const gemma2Schema = z.looseObject({
  ...gemmaFields,
  ...layerTypeFields,
  max_position_embeddings: positive.default(8192),
  num_key_value_heads: positive.default(4),
  hidden_activation: activation.default('gelu_pytorch_tanh'),
  query_pre_attn_scalar: z.number().positive().default(256),
  sliding_window: positive.nullable().default(4096),
  attn_logit_softcapping: softCap.default(50),
  final_logit_softcapping: softCap.default(30),
});

/** What all Gemmas have besides LLaMA's layers. */
export function gemmaFamily(config: LlamaFields & { readonly attention_bias: boolean }): LlamaFamily {
  const bias = config.attention_bias;
  return {
    biases: { queryKeyValue: bias, output: bias },
    normKind: 'rms-from-zero',
    decoder: { embeddingScale: Math.sqrt(config.hidden_size) },
  };
}

/**
 * Gemma (Mesnard et al. 2024): LLaMA with GELU, norms whose weights start at zero, and word embeddings times the root of
 * the hidden size. Follows transformers' `modeling_gemma.py`, which takes `gelu` for its tanh approximation.
 */
export async function gemma(files: ModelFiles): Promise<Architecture> {
  const config = await readJson(files.configPath, gemmaSchema, "Gemma's configuration");
  const hidden_act = config.hidden_act === 'gelu' ? 'gelu_pytorch_tanh' : config.hidden_act;
  return llamaLike(files, { ...config, hidden_act }, gemmaFamily(config));
}

/**
 * Gemma 2 (Rivière et al. 2024): norms before and after each part, soft caps on the scores of attention and on logits, and
 * a window in every other layer. Follows transformers' `modeling_gemma2.py`.
 */
export async function gemma2(files: ModelFiles): Promise<Architecture> {
  const { configPath, attention } = files;
  const config = await readJson(configPath, gemma2Schema, "Gemma 2's configuration");
  const { sliding_window: window, num_hidden_layers: layers, layer_types: types } = config;
  const kindOf = layerKinds({ configPath, layers, types, isSliding: (layer) => layer % 2 === 0 });
  const usual = gemmaFamily(config);
  return llamaLike(
    files,
    { ...config, hidden_act: config.hidden_activation },
    {
      ...usual,
      outputNorms: true,
      scale: 1 / Math.sqrt(config.query_pre_attn_scalar),
      softCap: config.attn_logit_softcapping,
      windowOf: (layer) =>
        window === null || kindOf(layer) === 'full_attention' ? null : windowFor(attention, window),
      decoder: {
        ...usual.decoder,
        head: { tied: config.tie_word_embeddings, softCap: config.final_logit_softcapping },
      },
    },
  );
}
