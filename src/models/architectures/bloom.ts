import { z } from 'zod';
import { InputError } from '../../core/errors.js';
import { readJson } from '../../io/files.js';
import { alibi } from '../onnx/alibi.js';
import type { Norm } from '../onnx/modules.js';
import type { Architecture } from './architecture.js';
import { epsilon, headSizeOf, positive, usualScale, type ModelFiles } from './config.js';
import { fusedByHeadNote } from './decoder-attention.js';
import { normedResidualLayer, preNormLayer, type DecoderLayer } from './decoder-layers.js';
import { decoderParts } from './decoder.js';

const configSchema = z.looseObject({
  vocab_size: positive,
  /** Either spelling: the first is in BigScience's own checkpoints. */
  n_embed: positive.optional(),
  hidden_size: positive.optional(),
  n_layer: positive,
  num_attention_heads: positive.optional(),
  n_head: positive.optional(),
  layer_norm_epsilon: epsilon.default(1e-5),
  apply_residual_connection_post_layernorm: z.boolean().default(false),
  tie_word_embeddings: z.boolean().default(true),
});

/**
 * BLOOM (Scao et al. 2022): no position embeddings but ALiBi, and a layer norm on the word embeddings. After
 * transformers' `modeling_bloom.py`.
 */
export async function bloom(files: ModelFiles): Promise<Architecture> {
  const { configPath } = files;
  const config = await readJson(configPath, configSchema, "BLOOM's configuration");
  const size = config.n_embed ?? config.hidden_size;
  const heads = config.num_attention_heads ?? config.n_head;
  if (size === undefined)
    throw new InputError(`${configPath}: field "hidden_size" is missing; expected BLOOM's configuration`);
  if (heads === undefined)
    throw new InputError(`${configPath}: field "n_head" is missing; expected BLOOM's configuration`);
  const headSize = headSizeOf(files, { size, heads, field: 'n_head' });

  const norm = (name: string): Norm => ({ kind: 'layer', name, size, epsilon: config.layer_norm_epsilon });
  const layerOf = (layer: number): DecoderLayer => {
    const name = `h.${layer}`;
    return {
      attentionNorm: norm(`${name}.input_layernorm`),
      attention: {
        ...{ size, heads, headSize, scale: usualScale(headSize) },
        bias: (tokens) => alibi(tokens, heads),
        projections: { fused: { name: `${name}.self_attention.query_key_value` }, order: 'by-head' },
        output: { name: `${name}.self_attention.dense` },
      },
      feedForwardNorm: norm(`${name}.post_attention_layernorm`),
      feedForward: {
        // BLOOM's own GELU is the tanh formula.
        ...{ size, inner: 4 * size, activation: 'gelu_new' },
        raise: { name: `${name}.mlp.dense_h_to_4h` },
        lower: { name: `${name}.mlp.dense_4h_to_h` },
      },
    };
  };
  const addLayer = config.apply_residual_connection_post_layernorm ? normedResidualLayer : preNormLayer;
  const parts = decoderParts({
    ...{ layers: config.n_layer, size, vocabularySize: config.vocab_size, maxTokens: null },
    prefixes: ['transformer.', ''],
    notes: [fusedByHeadNote],
    ...{ words: 'word_embeddings', finalNorm: norm('ln_f') },
    head: { tied: config.tie_word_embeddings },
  });

  return {
    ...parts,
    embed: (modules, tokens) => modules.norm(parts.embed(modules, tokens), norm('word_embeddings_layernorm')),
    block: (step) => addLayer(step, layerOf(step.layer)),
  };
}
