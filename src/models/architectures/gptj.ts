import { z } from 'zod';
import { InputError } from '../../core/errors.js';
import { readJson } from '../../io/files.js';
import type { Norm } from '../onnx/modules.js';
import { rotaryFrequencies } from '../onnx/rotary-angles.js';
import type { Rotary } from '../onnx/rotary.js';
import type { Architecture } from './architecture.js';
import { activation, epsilon, headSizeOf, positive, attentionScale, type ModelFiles } from './config.js';
import type { Projection } from './decoder-attention.js';
import { sharedNormLayer, type DecoderLayer } from './decoder-layers.js';
import { decoderParts } from './decoder.js';

const configSchema = z.looseObject({
  vocab_size: positive,
  n_positions: positive,
  n_embd: positive,
  n_layer: positive,
  n_head: positive,
  n_inner: positive.nullish(),
  rotary_dim: positive,
  layer_norm_epsilon: epsilon.default(1e-5),
  activation_function: activation.default('gelu_new'),
  tie_word_embeddings: z.boolean().default(false),
});

/**
 * GPT-J (Wang and Komatsuzaki 2021): rotary positions in the first `rotary_dim` dimensions of each head; attention and
 * the feed-forward part in parallel after one layer norm; an untied language model head with a bias. Its vocabulary is
 * padded beyond the tokenizer's. Follows transformers' `modeling_gptj.py`.
 */
export async function gptj(files: ModelFiles): Promise<Architecture> {
  const config = await readJson(files.configPath, configSchema, "GPT-J's configuration");
  const size = config.n_embd;
  const inner = config.n_inner ?? 4 * size;
  const heads = config.n_head;
  const headSize = headSizeOf(files, { size, heads, field: 'n_head' });
  if (config.rotary_dim % 2 !== 0 || config.rotary_dim > headSize)
    throw new InputError(
      `${files.configPath}: field "rotary_dim": ${config.rotary_dim} is not possible; ` +
        `expected an even number up to the head size ${headSize}`,
    );
  const rotary: Rotary = { frequencies: rotaryFrequencies(config.rotary_dim, 10_000), pairs: 'adjacent' };

  const norm = (name: string): Norm => ({ kind: 'layer', name, size, epsilon: config.layer_norm_epsilon });
  const layerOf = (layer: number): Omit<DecoderLayer, 'feedForwardNorm'> => {
    const name = `h.${layer}`;
    const project = (part: string): Projection => ({ name: `${name}.attn.${part}_proj`, bias: false });
    return {
      attentionNorm: norm(`${name}.ln_1`),
      attention: {
        ...{ size, heads, headSize, scale: attentionScale(headSize), rotary },
        projections: { query: project('q'), key: project('k'), value: project('v') },
        output: project('out'),
      },
      feedForward: {
        ...{ size, inner, activation: config.activation_function },
        up: { name: `${name}.mlp.fc_in` },
        down: { name: `${name}.mlp.fc_out` },
      },
    };
  };

  return {
    ...decoderParts({
      ...{ layers: config.n_layer, size, vocabularySize: config.vocab_size, maxTokens: config.n_positions },
      prefixes: ['transformer.', ''],
      buffers: /\.attn\.(bias|masked_bias|embed_positions)$/,
      ...{ wordEmbeddings: 'wte', finalNorm: norm('ln_f') },
      head: { tied: config.tie_word_embeddings, bias: 'lm_head.bias' },
    }),
    block: (step) => sharedNormLayer(step, layerOf(step.layer)),
  };
}
