import { z } from 'zod';
import { readJson } from '../../io/files.js';
import type { Architecture } from './architecture.js';
import { activation, epsilon, headSizeOf, positive, type ModelFiles } from './config.js';
import { bertLayerNames, encoderLayer, encoderParts, positionsFrom } from './encoder.js';

/** What the configurations of BERT and RoBERTa have in common. */
export const bertConfigSchema = z.looseObject({
  vocab_size: positive,
  max_position_embeddings: positive,
  type_vocab_size: positive,
  hidden_size: positive,
  num_hidden_layers: positive,
  num_attention_heads: positive,
  intermediate_size: positive,
  hidden_act: activation.default('gelu'),
  layer_norm_eps: epsilon.default(1e-12),
  position_embedding_type: z.literal('absolute').default('absolute'),
  is_decoder: z.literal(false).default(false),
});

/**
 * BERT (Devlin et al. 2019), the all-MiniLM models among it: learned positions, every token as of the first of two
 * texts. After transformers' `modeling_bert.py`.
 */
export async function bert(files: ModelFiles): Promise<Architecture> {
  const config = await readJson(files.configPath, bertConfigSchema, "BERT's configuration");
  return bertLike(files, config, 'bert.', null);
}

/** @param padding the padding token's id where positions are counted from it (RoBERTa), or null */
export function bertLike(
  files: ModelFiles,
  config: z.infer<typeof bertConfigSchema>,
  prefix: string,
  padding: number | null,
): Architecture {
  const size = config.hidden_size;
  const heads = config.num_attention_heads;
  const sizes = {
    size,
    heads,
    headSize: headSizeOf(files, { size, heads, field: 'num_attention_heads' }),
    inner: config.intermediate_size,
    epsilon: config.layer_norm_eps,
    activation: config.hidden_act,
  };
  return {
    ...encoderParts(files, prefix, size, /^(embeddings|encoder|pooler)\./),
    layers: config.num_hidden_layers,
    vocabularySize: config.vocab_size,
    maxTokens: config.max_position_embeddings - (padding === null ? 0 : padding + 1),

    embed(modules, tokens) {
      const { graph } = modules;
      const positions = padding === null ? tokens.positions : positionsFrom(tokens, padding);
      const sum = modules.add(
        modules.embedding('embeddings.word_embeddings', tokens.ids, config.vocab_size, size),
        modules.embedding('embeddings.token_type_embeddings', graph.integers([0]), config.type_vocab_size, size),
        modules.embedding('embeddings.position_embeddings', positions, config.max_position_embeddings, size),
      );
      return modules.norm(sum, { kind: 'layer', name: 'embeddings.LayerNorm', size, epsilon: sizes.epsilon });
    },

    block: (step) => encoderLayer(step, { ...sizes, names: bertLayerNames(step.layer) }),
  };
}
