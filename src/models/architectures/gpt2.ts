import { z } from 'zod';
import { readJson } from '../../io/files.js';
import { causalAttention } from '../onnx/causal-attention.js';
import type { Architecture } from './architecture.js';
import { activation, epsilon, headSizeOf, positive, usualScale, type ModelFiles } from './config.js';

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

  return {
    layers: config.n_layer,
    hiddenSize: size,
    outputSize: size,
    vocabularySize: config.vocab_size,
    maxTokens: config.n_positions,
    prefixes: ['transformer.', ''],
    notes: [
      'weights stored [inputs, outputs] (Conv1D) are multiplied as they are',
      'queries, keys and values come out of one product with the stored c_attn weight, and are split then',
    ],

    isNoParameter: (tensor) =>
      /\.attn\.(bias|masked_bias)$/.test(tensor) || (config.tie_word_embeddings && tensor === 'lm_head.weight'),

    embed(modules, { ids, positions }) {
      const words = modules.embedding('wte', ids, config.vocab_size, size);
      return modules.add(words, modules.embedding('wpe', positions, config.n_positions, size));
    },

    block(modules, tokens, layer, hidden, rows) {
      const name = `h.${layer}`;
      const input = modules.layerNorm(hidden, `${name}.ln_1`, size, config.layer_norm_epsilon);
      const fused = modules.conv1d(input, `${name}.attn.c_attn`, size, 3 * size);
      const [query, key, value] = modules.split(fused, [size, size, size]);
      const attended = causalAttention(tokens, modules.rows(query!, rows), key!, value!, {
        heads,
        headSize,
        scale: scaleOf(layer),
        rows,
      });
      const projected = modules.conv1d(attended, `${name}.attn.c_proj`, size, size);
      const middle = modules.add(modules.rows(hidden, rows), projected);
      const normed = modules.layerNorm(middle, `${name}.ln_2`, size, config.layer_norm_epsilon);
      const raised = modules.conv1d(normed, `${name}.mlp.c_fc`, size, inner);
      const activated = modules.activate(raised, config.activation_function);
      return modules.add(middle, modules.conv1d(activated, `${name}.mlp.c_proj`, inner, size));
    },

    finish: (modules, hidden) => modules.layerNorm(hidden, 'ln_f', size, config.layer_norm_epsilon),
    logits: (modules, hidden) =>
      modules.linear(hidden, config.tie_word_embeddings ? 'wte' : 'lm_head', size, config.vocab_size, false),
    pooler: null,
  };
}
