import { z } from 'zod';
import { readJson } from '../../io/files.js';
import { positionBuckets, relativePositionBias } from '../onnx/relative-position.js';
import type { Architecture } from './architecture.js';
import { activation, epsilon, headSizeOf, positive, type ModelFiles } from './config.js';
import { bertLayerNames, encoderLayer, encoderParts, positionsFrom, type EncoderLayerNames } from './encoder.js';

const configSchema = z.looseObject({
  vocab_size: positive,
  max_position_embeddings: positive,
  hidden_size: positive,
  num_hidden_layers: positive,
  num_attention_heads: positive,
  intermediate_size: positive,
  hidden_act: activation.default('gelu'),
  layer_norm_eps: epsilon.default(1e-12),
  relative_attention_num_buckets: z.int().min(positionBuckets).default(positionBuckets),
});

/** MPNet counts positions from this token's id whatever config.json says. */
const padding = 1;

/**
 * MPNet (Song et al. 2020): BERT with relative positions besides the learned ones, the same in every layer, and without
 * token types. After transformers' `modeling_mpnet.py`.
 */
export async function mpnet(files: ModelFiles): Promise<Architecture> {
  const config = await readJson(files.configPath, configSchema, "MPNet's configuration");
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
    ...encoderParts(files, 'mpnet.', size, /^(embeddings|encoder|pooler)\./),
    layers: config.num_hidden_layers,
    vocabularySize: config.vocab_size,
    maxTokens: config.max_position_embeddings - (padding + 1),

    embed(modules, tokens) {
      const positions = positionsFrom(tokens, padding);
      const sum = modules.add(
        modules.embedding('embeddings.word_embeddings', tokens.ids, config.vocab_size, size),
        modules.embedding('embeddings.position_embeddings', positions, config.max_position_embeddings, size),
      );
      return modules.norm(sum, { kind: 'layer', name: 'embeddings.LayerNorm', size, epsilon: sizes.epsilon });
    },

    block(step) {
      const { modules, tokens, rows } = step;
      const bias = relativePositionBias(modules, tokens, {
        name: 'encoder.relative_attention_bias',
        buckets: config.relative_attention_num_buckets,
        heads,
      });
      const ofRows = rows === null ? bias : modules.graph.op('Gather', [bias, rows], { axis: 1 });
      return encoderLayer(step, { ...sizes, names: layerNames(step.layer), biases: [ofRows] });
    },
  };
}

function layerNames(layer: number): EncoderLayerNames {
  const name = `encoder.layer.${layer}.attention`;
  return {
    ...bertLayerNames(layer),
    query: `${name}.attn.q`,
    key: `${name}.attn.k`,
    value: `${name}.attn.v`,
    attentionOutput: `${name}.attn.o`,
    attentionNorm: `${name}.LayerNorm`,
  };
}
