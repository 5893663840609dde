import { z } from 'zod';
import { readJson } from '../../io/files.js';
import type { Architecture } from './architecture.js';
import { activation, headSizeOf, positive, type ModelFiles } from './config.js';
import { encoderLayer, encoderParts } from './encoder.js';

const configSchema = z.looseObject({
  vocab_size: positive,
  max_position_embeddings: positive,
  dim: positive,
  n_layers: positive,
  n_heads: positive,
  hidden_dim: positive,
  activation: activation.default('gelu'),
});

const normEpsilon = 1e-12;

/**
 * DistilBERT (Sanh et al. 2019): BERT without token types and pooler, under names of its own. Its sinusoidal positions,
 * if it has such, are stored in the checkpoint like learned ones. After transformers' `modeling_distilbert.py`.
 */
export async function distilBert(files: ModelFiles): Promise<Architecture> {
  const config = await readJson(files.configPath, configSchema, "DistilBERT's configuration");
  const size = config.dim;
  const heads = config.n_heads;
  const sizes = {
    size,
    heads,
    headSize: headSizeOf(files, { size, heads, field: 'n_heads' }),
    inner: config.hidden_dim,
    epsilon: normEpsilon,
    activation: config.activation,
  };
  return {
    ...encoderParts(files, 'distilbert.', size, /^(embeddings|transformer)\./),
    layers: config.n_layers,
    vocabularySize: config.vocab_size,
    maxTokens: config.max_position_embeddings,
    pooler: null,

    embed(modules, { ids, positions }) {
      const sum = modules.add(
        modules.embedding('embeddings.word_embeddings', ids, config.vocab_size, size),
        modules.embedding('embeddings.position_embeddings', positions, config.max_position_embeddings, size),
      );
      return modules.norm(sum, { kind: 'layer', name: 'embeddings.LayerNorm', size, epsilon: normEpsilon });
    },

    block(step) {
      const name = `transformer.layer.${step.layer}`;
      const names = {
        query: `${name}.attention.q_lin`,
        key: `${name}.attention.k_lin`,
        value: `${name}.attention.v_lin`,
        attentionOutput: `${name}.attention.out_lin`,
        attentionNorm: `${name}.sa_layer_norm`,
        raise: `${name}.ffn.lin1`,
        lower: `${name}.ffn.lin2`,
        outputNorm: `${name}.output_layer_norm`,
      };
      return encoderLayer(step, { ...sizes, names });
    },
  };
}
