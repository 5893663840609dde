import { z } from 'zod';
import { readJson } from '../../io/files.js';
import { causalAttention } from '../onnx/causal-attention.js';
import type { Architecture } from './architecture.js';
import { activation, headSizeOf, positive, usualScale, type ModelFiles } from './config.js';

const configSchema = z.looseObject({
  vocab_size: positive,
  max_position_embeddings: positive,
  hidden_size: positive,
  num_hidden_layers: positive,
  num_attention_heads: positive,
  ffn_dim: positive,
  activation_function: activation.default('relu'),
  do_layer_norm_before: z.boolean().default(true),
  _remove_final_layer_norm: z.boolean().default(false),
  word_embed_proj_dim: positive.nullish(),
  enable_bias: z.boolean().default(true),
  layer_norm_elementwise_affine: z.boolean().default(true),
  tie_word_embeddings: z.boolean().default(true),
});

/** The table of positions has two rows before the first position's. */
const positionOffset = 2;
/** PyTorch's default, which OPT does not change. */
const normEpsilon = 1e-5;

/**
 * OPT (Zhang et al. 2022): learned positions, layer norm before each part, or after it (OPT-350m, whose embeddings are
 * smaller than its layers and are projected). After transformers' `modeling_opt.py`.
 */
export async function opt(files: ModelFiles): Promise<Architecture> {
  const config = await readJson(files.configPath, configSchema, "OPT's configuration");
  const size = config.hidden_size;
  const wordSize = config.word_embed_proj_dim ?? size;
  const heads = config.num_attention_heads;
  const headSize = headSizeOf(files, { size, heads, field: 'num_attention_heads' });
  const bias = config.enable_bias;
  const before = config.do_layer_norm_before;

  return {
    layers: config.num_hidden_layers,
    hiddenSize: size,
    outputSize: wordSize,
    vocabularySize: config.vocab_size,
    maxTokens: config.max_position_embeddings,
    prefixes: ['model.decoder.', 'decoder.', ''],
    notes: [],

    isNoParameter: (tensor) => config.tie_word_embeddings && tensor === 'lm_head.weight',

    embed(modules, { graph, ids, positions }) {
      const words = modules.embedding('embed_tokens', ids, config.vocab_size, wordSize);
      const index = graph.op('Add', [positions, graph.integer(positionOffset)]);
      const rows = config.max_position_embeddings + positionOffset;
      return modules.add(
        wordSize === size ? words : modules.linear(words, 'project_in', wordSize, size, false),
        modules.embedding('embed_positions', index, rows, size),
      );
    },

    block(modules, tokens, layer, hidden, rows) {
      const name = `layers.${layer}`;
      const norm = (x: string, part: string): string =>
        modules.layerNorm(x, `${name}.${part}_layer_norm`, size, normEpsilon, config.layer_norm_elementwise_affine);
      const project = (x: string, part: string): string =>
        modules.linear(x, `${name}.self_attn.${part}_proj`, size, size, bias);
      const input = before ? norm(hidden, 'self_attn') : hidden;
      const attended = causalAttention(
        tokens,
        project(modules.rows(input, rows), 'q'),
        project(input, 'k'),
        project(input, 'v'),
        { heads, headSize, scale: usualScale(headSize), rows },
      );
      const sum = modules.add(modules.rows(hidden, rows), project(attended, 'out'));
      const middle = before ? sum : norm(sum, 'self_attn');
      const raised = modules.linear(before ? norm(middle, 'final') : middle, `${name}.fc1`, size, config.ffn_dim, bias);
      const activated = modules.activate(raised, config.activation_function);
      const result = modules.add(middle, modules.linear(activated, `${name}.fc2`, config.ffn_dim, size, bias));
      return before ? result : norm(result, 'final');
    },

    finish(modules, hidden) {
      const normed =
        before && !config._remove_final_layer_norm
          ? modules.layerNorm(hidden, 'final_layer_norm', size, normEpsilon, config.layer_norm_elementwise_affine)
          : hidden;
      return wordSize === size ? normed : modules.linear(normed, 'project_out', size, wordSize, false);
    },

    logits: (modules, hidden) =>
      modules.linear(
        hidden,
        config.tie_word_embeddings ? 'embed_tokens' : 'lm_head',
        wordSize,
        config.vocab_size,
        false,
      ),
    pooler: null,
  };
}
