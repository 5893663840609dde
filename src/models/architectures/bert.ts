import { z } from 'zod';
import { readJson } from '../../io/files.js';
import type { Value } from '../onnx/graph.js';
import type { Architecture } from './architecture.js';
import { activation, epsilon, headSizeOf, positive, type ModelFiles } from './config.js';
import { bertLayerNames, encoderLayer, encoderParts, positionsAfterPadding } from './encoder.js';

/** Configuration fields that BERT and RoBERTa share. */
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
 * BERT (Devlin et al. 2019), including the all-MiniLM models: learned positions; all tokens get the token type of the
 * first of two texts. Follows transformers' `modeling_bert.py`.
 */
export async function bert(files: ModelFiles): Promise<Architecture> {
  const config = await readJson(files.configPath, bertConfigSchema, "BERT's configuration");
  return bertLike(files, config, { prefix: 'bert.' });
}

/** In what a family differs from BERT. */
export interface BertFamily {
  /** What a language model's file puts before the names of tensors. */
  readonly prefix: string;
  /** The padding token's id, if positions start after it (RoBERTa). Default: null. */
  readonly padding?: number | null;
  /** Size of the embeddings; another one than the hidden size is projected (ELECTRA). Default: the hidden size. */
  readonly embeddingSize?: number;
}

/** Builds BERT, or a family like it. */
export function bertLike(
  files: ModelFiles,
  config: z.infer<typeof bertConfigSchema>,
  { prefix, padding = null, embeddingSize = config.hidden_size }: BertFamily,
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
    ...encoderParts(files, prefix, size, /^(embeddings|embeddings_project|encoder|pooler)\./),
    layers: config.num_hidden_layers,
    vocabularySize: config.vocab_size,
    maxTokens: config.max_position_embeddings - (padding === null ? 0 : padding + 1),

    embed(modules, tokens) {
      const { graph } = modules;
      const positions = padding === null ? tokens.positions : positionsAfterPadding(tokens, padding);
      const embedding = (name: string, indices: Value, rows: number): Value =>
        modules.embedding(`embeddings.${name}`, indices, rows, embeddingSize);
      const sum = modules.add(
        embedding('word_embeddings', tokens.ids, config.vocab_size),
        embedding('token_type_embeddings', graph.integers([0]), config.type_vocab_size),
        embedding('position_embeddings', positions, config.max_position_embeddings),
      );
      const { epsilon } = sizes;
      const normed = modules.norm(sum, { kind: 'layer', name: 'embeddings.LayerNorm', size: embeddingSize, epsilon });
      if (embeddingSize === size) return normed;
      return modules.linear(normed, { name: 'embeddings_project', inputs: embeddingSize, outputs: size });
    },

    block: (step) => encoderLayer(step, { ...sizes, names: bertLayerNames(step.layer) }),
  };
}
