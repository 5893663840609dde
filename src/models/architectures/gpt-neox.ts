import { z } from 'zod';
import { readJson } from '../../io/files.js';
import { causalAttention } from '../onnx/causal-attention.js';
import { rotate, type Rotary } from '../onnx/rotary.js';
import type { Architecture } from './architecture.js';
import { activation, epsilon, headSizeOf, positive, usualScale, type ModelFiles } from './config.js';
import { ropeFields, ropeFrequencies } from './rope.js';

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
  /** Older spellings of partial_rotary_factor and rope_theta. */
  rotary_pct: z.number().positive().max(1).default(0.25),
  rotary_emb_base: z.number().positive().default(10_000),
  ...ropeFields,
});

/**
 * GPT-NeoX (Black et al. 2022) and Pythia: rotary positions in a share of each head's dimensions, attention and the
 * feed-forward part side by side, each with a layer norm of its own (or one after the other, by
 * `use_parallel_residual`). After transformers' `modeling_gpt_neox.py`.
 */
export async function gptNeoX(files: ModelFiles): Promise<Architecture> {
  const config = await readJson(files.configPath, configSchema, "GPT-NeoX's configuration");
  const size = config.hidden_size;
  const heads = config.num_attention_heads;
  const headSize = headSizeOf(files, { size, heads, field: 'num_attention_heads' });
  const defaults = { theta: config.rotary_emb_base, share: config.rotary_pct };
  const rotary: Rotary = {
    frequencies: ropeFrequencies(files.configPath, config, headSize, defaults),
    pairs: 'halves',
  };

  return {
    layers: config.num_hidden_layers,
    hiddenSize: size,
    outputSize: size,
    vocabularySize: config.vocab_size,
    maxTokens: config.max_position_embeddings,
    prefixes: ['gpt_neox.', ''],
    notes: [
      'queries, keys and values, stored head by head in query_key_value, come out of one product with it, and are split then',
    ],

    isNoParameter: (tensor) =>
      /\.attention\.(bias|masked_bias|rotary_emb\.inv_freq)$/.test(tensor) ||
      (config.tie_word_embeddings && /^(embed_out|lm_head)\.weight$/.test(tensor)),

    embed: (modules, { ids }) => modules.embedding('embed_in', ids, config.vocab_size, size),

    block(modules, tokens, layer, hidden, rows) {
      const name = `layers.${layer}`;
      const { graph } = modules;
      const norm = (x: string, part: string): string =>
        modules.layerNorm(x, `${name}.${part}_layernorm`, size, config.layer_norm_eps);
      const bias = config.attention_bias;
      const fused = modules.linear(norm(hidden, 'input'), `${name}.attention.query_key_value`, size, 3 * size, bias);
      const byHead = graph.op('Reshape', [fused, graph.integers([-1, heads, 3 * headSize])]);
      const [query, key, value] = modules.split(byHead, [headSize, headSize, headSize]);
      const attended = causalAttention(
        tokens,
        rotate(tokens, modules.rows(query!, rows), rotary, heads, headSize, rows),
        rotate(tokens, key!, rotary, heads, headSize, null),
        value!,
        { heads, headSize, scale: usualScale(headSize), rows },
      );
      const projected = modules.linear(attended, `${name}.attention.dense`, size, size, bias);
      const before = modules.rows(hidden, rows);
      const middle = modules.add(projected, before);
      const normed = norm(config.use_parallel_residual ? before : middle, 'post_attention');
      const raised = modules.linear(normed, `${name}.mlp.dense_h_to_4h`, size, config.intermediate_size);
      const activated = modules.activate(raised, config.hidden_act);
      return modules.add(
        modules.linear(activated, `${name}.mlp.dense_4h_to_h`, config.intermediate_size, size),
        middle,
      );
    },

    finish: (modules, hidden) => modules.layerNorm(hidden, 'final_layer_norm', size, config.layer_norm_eps),
    logits(modules, hidden) {
      const own = modules.weights.firstOf('embed_out.weight', 'lm_head.weight').replace('.weight', '');
      return modules.linear(hidden, config.tie_word_embeddings ? 'embed_in' : own, size, config.vocab_size, false);
    },
    pooler: null,
  };
}
