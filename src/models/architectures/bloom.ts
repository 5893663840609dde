import { z } from 'zod';
import { InputError } from '../../core/errors.js';
import { readJson } from '../../io/files.js';
import { alibi } from '../onnx/alibi.js';
import { causalAttention } from '../onnx/causal-attention.js';
import type { Architecture } from './architecture.js';
import { epsilon, headSizeOf, positive, usualScale, type ModelFiles } from './config.js';

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

  return {
    layers: config.n_layer,
    hiddenSize: size,
    outputSize: size,
    vocabularySize: config.vocab_size,
    maxTokens: null,
    prefixes: ['transformer.', ''],
    notes: [
      'queries, keys and values, stored head by head in query_key_value, come out of one product with it, and are split then',
    ],

    isNoParameter: (tensor) => config.tie_word_embeddings && tensor === 'lm_head.weight',

    embed(modules, { ids }) {
      const words = modules.embedding('word_embeddings', ids, config.vocab_size, size);
      return modules.layerNorm(words, 'word_embeddings_layernorm', size, config.layer_norm_epsilon);
    },

    block(modules, tokens, layer, hidden, rows) {
      const name = `h.${layer}`;
      const { graph } = modules;
      const afterNorm = config.apply_residual_connection_post_layernorm;
      const norm = (x: string, part: string): string =>
        modules.layerNorm(x, `${name}.${part}_layernorm`, size, config.layer_norm_epsilon);
      const input = norm(hidden, 'input');
      const fused = modules.linear(input, `${name}.self_attention.query_key_value`, size, 3 * size);
      const byHead = graph.op('Reshape', [fused, graph.integers([-1, heads, 3 * headSize])]);
      const [query, key, value] = modules.split(byHead, [headSize, headSize, headSize]);
      const attended = causalAttention(tokens, modules.rows(query!, rows), key!, value!, {
        heads,
        headSize,
        scale: usualScale(headSize),
        bias: alibi(tokens, heads),
        rows,
      });
      const projected = modules.linear(attended, `${name}.self_attention.dense`, size, size);
      const middle = modules.add(projected, modules.rows(afterNorm ? input : hidden, rows));
      const normed = norm(middle, 'post_attention');
      // BLOOM's own GELU is the tanh formula.
      const activated = modules.activate(
        modules.linear(normed, `${name}.mlp.dense_h_to_4h`, size, 4 * size),
        'gelu_new',
      );
      return modules.add(
        modules.linear(activated, `${name}.mlp.dense_4h_to_h`, 4 * size, size),
        afterNorm ? normed : middle,
      );
    },

    finish: (modules, hidden) => modules.layerNorm(hidden, 'ln_f', size, config.layer_norm_epsilon),
    logits: (modules, hidden) =>
      modules.linear(
        hidden,
        config.tie_word_embeddings ? 'word_embeddings' : 'lm_head',
        size,
        config.vocab_size,
        false,
      ),
    pooler: null,
  };
}
