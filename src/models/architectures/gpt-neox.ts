import { z } from 'zod';
import { readJson } from '../../io/files.js';
import type { Norm } from '../onnx/modules.js';
import type { Rotary } from '../onnx/rotary.js';
import type { Architecture } from './architecture.js';
import { activation, epsilon, headSizeOf, positive, attentionScale, type ModelFiles } from './config.js';
import { fusedByHeadNote } from './decoder-attention.js';
import { parallelLayer, preNormLayer, type DecoderLayer } from './decoder-layers.js';
import { decoderParts } from './decoder.js';
import { maxTokensOf, ropeFields, ropePositions } from './rope.js';

const configSchema = z.looseObject({
  vocab_size: positive,
  max_position_embeddings: positive,
  hidden_size: positive,
  num_hidden_layers: positive,
  num_attention_heads: positive,
  intermediate_size: positive,
  hidden_act: activation.default('gelu'),
  layer_norm_eps: epsilon.default(1e-5),
  use_parallel_residual: z.boolean().default(true),
  attention_bias: z.boolean().default(true),
  tie_word_embeddings: z.boolean().default(false),
  /** Older names of partial_rotary_factor and rope_theta. */
  rotary_pct: z.number().positive().max(1).default(0.25),
  rotary_emb_base: z.number().positive().default(10_000),
  ...ropeFields,
});

/**
 * GPT-NeoX (Black et al. 2022) and Pythia: rotary positions in a fraction of each head's dimensions; attention and the
 * feed-forward part in parallel, each with its own layer norm (or in sequence, if `use_parallel_residual` is false).
 * Follows transformers' `modeling_gpt_neox.py`.
 */
export async function gptNeoX(files: ModelFiles): Promise<Architecture> {
  const config = await readJson(files.configPath, configSchema, "GPT-NeoX's configuration");
  const size = config.hidden_size;
  const heads = config.num_attention_heads;
  const headSize = headSizeOf(files, { size, heads, field: 'num_attention_heads' });
  const defaults = { theta: config.rotary_emb_base, fraction: config.rotary_pct };
  const rotary: Rotary = {
    ...ropePositions(files.configPath, config, headSize, defaults),
    pairs: 'halves',
  };

  const norm = (name: string): Norm => ({ kind: 'layer', name, size, epsilon: config.layer_norm_eps });
  const layerOf = (layer: number): DecoderLayer => {
    const name = `layers.${layer}`;
    const bias = config.attention_bias;
    return {
      attentionNorm: norm(`${name}.input_layernorm`),
      attention: {
        ...{ size, heads, headSize, scale: attentionScale(headSize), rotary },
        projections: { fused: { name: `${name}.attention.query_key_value`, bias }, order: 'by-head' },
        output: { name: `${name}.attention.dense`, bias },
      },
      feedForwardNorm: norm(`${name}.post_attention_layernorm`),
      feedForward: {
        ...{ size, inner: config.intermediate_size, activation: config.hidden_act },
        up: { name: `${name}.mlp.dense_h_to_4h` },
        down: { name: `${name}.mlp.dense_4h_to_h` },
      },
    };
  };
  const addLayer = config.use_parallel_residual ? parallelLayer : preNormLayer;

  return {
    ...decoderParts({
      ...{ layers: config.num_hidden_layers, size, vocabularySize: config.vocab_size },
      maxTokens: maxTokensOf(config.max_position_embeddings, rotary),
      sameUpTo: rotary.longer?.than ?? null,
      prefixes: ['gpt_neox.', ''],
      notes: [fusedByHeadNote],
      buffers: /\.attention\.(bias|masked_bias|rotary_emb\.inv_freq)$/,
      ...{ wordEmbeddings: 'embed_in', finalNorm: norm('final_layer_norm') },
      head: { tied: config.tie_word_embeddings, names: ['embed_out', 'lm_head'] },
    }),
    block: (step) => addLayer(step, layerOf(step.layer)),
  };
}
