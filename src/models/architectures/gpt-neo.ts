import { z } from 'zod';
import { InputError } from '../../core/errors.js';
import { readJson } from '../../io/files.js';
import { causalAttention } from '../onnx/causal-attention.js';
import type { Architecture } from './architecture.js';
import { activation, epsilon, headSizeOf, positive, type ModelFiles } from './config.js';

const configSchema = z.looseObject({
  vocab_size: positive,
  max_position_embeddings: positive,
  hidden_size: positive,
  num_layers: positive,
  num_heads: positive,
  intermediate_size: positive.nullish(),
  window_size: positive,
  layer_norm_epsilon: epsilon.default(1e-5),
  activation_function: activation.default('gelu_new'),
  tie_word_embeddings: z.boolean().default(true),
  /** [[["global", "local"], 6]]: the pattern and how often it is repeated. */
  attention_types: z.array(z.tuple([z.array(z.enum(['global', 'local'])), z.int().nonnegative()])),
});

type AttentionTypes = z.infer<typeof configSchema>['attention_types'];

/**
 * GPT-Neo (Black et al. 2021): learned positions, layer norm before each part, attention without scaling, every other
 * layer seeing only the last `window_size` tokens. After transformers' `modeling_gpt_neo.py`.
 */
export async function gptNeo(files: ModelFiles): Promise<Architecture> {
  const { configPath } = files;
  const config = await readJson(configPath, configSchema, "GPT-Neo's configuration");
  const size = config.hidden_size;
  const inner = config.intermediate_size ?? 4 * size;
  const heads = config.num_heads;
  const headSize = headSizeOf(files, { size, heads, field: 'num_heads' });
  const described = config.attention_types.reduce((sum, [pattern, times]) => sum + pattern.length * times, 0);
  if (described !== config.num_layers)
    throw new InputError(
      `${configPath}: field "attention_types" describes ${described} layers, "num_layers" says ${config.num_layers}`,
    );

  return {
    layers: config.num_layers,
    hiddenSize: size,
    outputSize: size,
    vocabularySize: config.vocab_size,
    maxTokens: config.max_position_embeddings,
    prefixes: ['transformer.', ''],
    notes: [],

    isNoParameter: (tensor) =>
      /\.attn\.attention\.(bias|masked_bias)$/.test(tensor) ||
      (config.tie_word_embeddings && tensor === 'lm_head.weight'),

    embed(modules, { ids, positions }) {
      const words = modules.embedding('wte', ids, config.vocab_size, size);
      return modules.add(words, modules.embedding('wpe', positions, config.max_position_embeddings, size));
    },

    block(modules, tokens, layer, hidden, rows) {
      const name = `h.${layer}`;
      const input = modules.layerNorm(hidden, `${name}.ln_1`, size, config.layer_norm_epsilon);
      const project = (x: string, part: string): string =>
        modules.linear(x, `${name}.attn.attention.${part}_proj`, size, size, part === 'out');
      const window = attentionKind(config.attention_types, layer) === 'local' ? config.window_size : null;
      const attended = causalAttention(
        tokens,
        project(modules.rows(input, rows), 'q'),
        project(input, 'k'),
        project(input, 'v'),
        { heads, headSize, scale: null, window, rows },
      );
      const middle = modules.add(modules.rows(hidden, rows), project(attended, 'out'));
      const normed = modules.layerNorm(middle, `${name}.ln_2`, size, config.layer_norm_epsilon);
      const raised = modules.linear(normed, `${name}.mlp.c_fc`, size, inner);
      const activated = modules.activate(raised, config.activation_function);
      return modules.add(middle, modules.linear(activated, `${name}.mlp.c_proj`, inner, size));
    },

    finish: (modules, hidden) => modules.layerNorm(hidden, 'ln_f', size, config.layer_norm_epsilon),
    logits: (modules, hidden) =>
      modules.linear(hidden, config.tie_word_embeddings ? 'wte' : 'lm_head', size, config.vocab_size, false),
    pooler: null,
  };
}

/** What a layer sees. The patterns are not written out: a few bytes of JSON can repeat one a billion times. */
function attentionKind(types: AttentionTypes, layer: number): 'global' | 'local' | undefined {
  let first = 0;
  for (const [pattern, times] of types) {
    const end = first + pattern.length * times;
    if (layer < end) return pattern[(layer - first) % pattern.length];
    first = end;
  }
  return undefined;
}
