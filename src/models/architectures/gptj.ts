import { z } from 'zod';
import { InputError } from '../../core/errors.js';
import { readJson } from '../../io/files.js';
import { causalAttention } from '../onnx/causal-attention.js';
import { rotaryFrequencies, rotate, type Rotary } from '../onnx/rotary.js';
import type { Architecture } from './architecture.js';
import { activation, epsilon, headSizeOf, positive, usualScale, type ModelFiles } from './config.js';

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
 * GPT-J (Wang and Komatsuzaki 2021): rotary positions in the first `rotary_dim` dimensions of each head, attention and
 * the feed-forward part side by side on one layer norm, and a head of its own with a bias, over a vocabulary padded
 * beyond the tokenizer's. After transformers' `modeling_gptj.py`.
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

  return {
    layers: config.n_layer,
    hiddenSize: size,
    outputSize: size,
    vocabularySize: config.vocab_size,
    maxTokens: config.n_positions,
    prefixes: ['transformer.', ''],
    notes: [],

    isNoParameter: (tensor) =>
      /\.attn\.(bias|masked_bias|embed_positions)$/.test(tensor) ||
      (config.tie_word_embeddings && tensor === 'lm_head.weight'),

    embed: (modules, { ids }) => modules.embedding('wte', ids, config.vocab_size, size),

    block(modules, tokens, layer, hidden, rows) {
      const name = `h.${layer}`;
      const input = modules.layerNorm(hidden, `${name}.ln_1`, size, config.layer_norm_epsilon);
      const wanted = modules.rows(input, rows);
      const project = (x: string, part: string): string =>
        modules.linear(x, `${name}.attn.${part}_proj`, size, size, false);
      const attended = causalAttention(
        tokens,
        rotate(tokens, project(wanted, 'q'), rotary, heads, headSize, rows),
        rotate(tokens, project(input, 'k'), rotary, heads, headSize, null),
        project(input, 'v'),
        { heads, headSize, scale: usualScale(headSize), rows },
      );
      const raised = modules.linear(wanted, `${name}.mlp.fc_in`, size, inner);
      const activated = modules.activate(raised, config.activation_function);
      const lowered = modules.linear(activated, `${name}.mlp.fc_out`, inner, size);
      return modules.add(project(attended, 'out'), lowered, modules.rows(hidden, rows));
    },

    finish: (modules, hidden) => modules.layerNorm(hidden, 'ln_f', size, config.layer_norm_epsilon),
    logits: (modules, hidden) =>
      modules.linear(hidden, config.tie_word_embeddings ? 'wte' : 'lm_head', size, config.vocab_size, 'lm_head.bias'),
    pooler: null,
  };
}
