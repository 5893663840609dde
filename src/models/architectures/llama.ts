import { z } from 'zod';
import { InputError } from '../../core/errors.js';
import { readJson } from '../../io/files.js';
import { causalAttention } from '../onnx/causal-attention.js';
import { rotate, type Rotary } from '../onnx/rotary.js';
import type { Architecture } from './architecture.js';
import { activation, epsilon, headSizeOf, positive, usualScale, type ModelFiles } from './config.js';
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

/**
 * LLaMA (Touvron et al. 2023) 1 to 3: rotary positions, RMS norm before each part, keys and values shared by groups of
 * queries, and SwiGLU (Shazeer 2020) in the feed-forward part. After transformers' `modeling_llama.py`.
 */
export async function llama(files: ModelFiles): Promise<Architecture> {
  const { configPath } = files;
  const config = await readJson(configPath, configSchema, "LLaMA's configuration");
  const size = config.hidden_size;
  const inner = config.intermediate_size;
  const heads = config.num_attention_heads;
  const keyValueHeads = config.num_key_value_heads ?? heads;
  const headSize = headSizeOf(files, { size, heads, field: 'num_attention_heads', headSize: config.head_dim });
  if (heads % keyValueHeads !== 0)
    throw new InputError(
      `${configPath}: field "num_key_value_heads": ${keyValueHeads} does not divide the ${heads} heads`,
    );
  const frequencies = ropeFrequencies(configPath, config, headSize, { theta: 10_000, share: 1 });
  const rotary: Rotary = { frequencies, pairs: 'halves' };

  return {
    layers: config.num_hidden_layers,
    hiddenSize: size,
    outputSize: size,
    vocabularySize: config.vocab_size,
    maxTokens: config.max_position_embeddings,
    prefixes: ['model.', ''],
    notes: [],

    isNoParameter: (tensor) =>
      tensor.endsWith('.rotary_emb.inv_freq') || (config.tie_word_embeddings && tensor === 'lm_head.weight'),

    embed: (modules, { ids }) => modules.embedding('embed_tokens', ids, config.vocab_size, size),

    block(modules, tokens, layer, hidden, rows) {
      const name = `layers.${layer}`;
      const norm = (x: string, part: string): string =>
        modules.rmsNorm(x, `${name}.${part}_layernorm`, size, config.rms_norm_eps);
      const project = (x: string, part: string, outputs: number): string =>
        modules.linear(x, `${name}.self_attn.${part}_proj`, size, outputs * headSize, config.attention_bias);
      const input = norm(hidden, 'input');
      const attended = causalAttention(
        tokens,
        rotate(tokens, project(modules.rows(input, rows), 'q', heads), rotary, heads, headSize, rows),
        rotate(tokens, project(input, 'k', keyValueHeads), rotary, keyValueHeads, headSize, null),
        project(input, 'v', keyValueHeads),
        { heads, keyValueHeads, headSize, scale: usualScale(headSize), rows },
      );
      const projected = modules.linear(
        attended,
        `${name}.self_attn.o_proj`,
        heads * headSize,
        size,
        config.attention_bias,
      );
      const middle = modules.add(modules.rows(hidden, rows), projected);
      const normed = norm(middle, 'post_attention');
      const raise = (part: string): string =>
        modules.linear(normed, `${name}.mlp.${part}_proj`, size, inner, config.mlp_bias);
      const gated = modules.graph.op('Mul', [modules.activate(raise('gate'), config.hidden_act), raise('up')]);
      return modules.add(middle, modules.linear(gated, `${name}.mlp.down_proj`, inner, size, config.mlp_bias));
    },

    finish: (modules, hidden) => modules.rmsNorm(hidden, 'norm', size, config.rms_norm_eps),
    logits: (modules, hidden) =>
      modules.linear(hidden, config.tie_word_embeddings ? 'embed_tokens' : 'lm_head', size, config.vocab_size, false),
    pooler: null,
  };
}
