import { z } from 'zod';
import { readJson } from '../../io/files.js';
import type { Norm } from '../onnx/modules.js';
import type { Architecture } from './architecture.js';
import { activation, epsilon, headSizeOf, positive, usualScale, type ModelFiles } from './config.js';
import type { Projection } from './decoder-attention.js';
import { preNormLayer, type DecoderLayer } from './decoder-layers.js';
import { decoderParts } from './decoder.js';

const configSchema = z.looseObject({
  vocab_size: positive,
  n_positions: positive,
  n_embd: positive,
  n_layer: positive,
  n_head: positive,
  n_inner: positive.nullish(),
  layer_norm_epsilon: epsilon.default(1e-5),
  activation_function: activation.default('gelu_new'),
  scale_attn_weights: z.boolean().default(true),
  scale_attn_by_inverse_layer_idx: z.boolean().default(false),
  tie_word_embeddings: z.boolean().default(true),
});

/**
 * GPT-2 (Radford et al. 2019): learned positions, layer norm before each part. Its weights are stored [inputs, outputs],
 * those of queries, keys and values as one. After transformers' `modeling_gpt2.py`.
 */
export async function gpt2(files: ModelFiles): Promise<Architecture> {
  const config = await readJson(files.configPath, configSchema, "GPT-2's configuration");
  const size = config.n_embd;
  const inner = config.n_inner ?? 4 * size;
  const heads = config.n_head;
  const headSize = headSizeOf(files, { size, heads, field: 'n_head' });
  const scaleOf = (layer: number): number =>
    (config.scale_attn_weights ? usualScale(headSize) : 1) / (config.scale_attn_by_inverse_layer_idx ? layer + 1 : 1);

  const norm = (name: string): Norm => ({ kind: 'layer', name, size, epsilon: config.layer_norm_epsilon });
  const conv1d = (name: string): Projection => ({ name, layout: 'inputs-first' });
  const layerOf = (layer: number): DecoderLayer => {
    const name = `h.${layer}`;
    return {
      attentionNorm: norm(`${name}.ln_1`),
      attention: {
        ...{ size, heads, headSize, scale: scaleOf(layer) },
        projections: { fused: conv1d(`${name}.attn.c_attn`), order: 'blocks' },
        output: conv1d(`${name}.attn.c_proj`),
      },
      feedForwardNorm: norm(`${name}.ln_2`),
      feedForward: {
        ...{ size, inner, activation: config.activation_function },
        raise: conv1d(`${name}.mlp.c_fc`),
        lower: conv1d(`${name}.mlp.c_proj`),
      },
    };
  };

  return {
    ...decoderParts({
      ...{ layers: config.n_layer, size, vocabularySize: config.vocab_size, maxTokens: config.n_positions },
      prefixes: ['transformer.', ''],
      notes: [
        'weights stored [inputs, outputs] (Conv1D) are multiplied as they are',
        'queries, keys and values come out of one product with the stored c_attn weight, and are split then',
      ],
      buffers: /\.attn\.(bias|masked_bias)$/,
      ...{ words: 'wte', positions: 'wpe', finalNorm: norm('ln_f') },
      head: { tied: config.tie_word_embeddings },
    }),
    block: (step) => preNormLayer(step, layerOf(step.layer)),
  };
}
