import { z } from 'zod';
import { readJson } from '../../io/files.js';
import { relativePositionBias } from '../onnx/relative-position.js';
import type { Architecture } from './architecture.js';
import { activation, epsilon, headSizeOf, positive, type ModelFiles } from './config.js';
import {
  bertLayerNames,
  encoderLayer,
  encoderParts,
  positionsAfterPadding,
  type EncoderLayerNames,
} from './encoder.js';

/** Of `relative_attention_num_buckets`, MPNet uses these only, whatever config.json says. */
const distanceBuckets = { buckets: 32, maxDistance: 128 };

const configSchema = z.looseObject({
  vocab_size: positive,
  max_position_embeddings: positive,
  hidden_size: positive,
  num_hidden_layers: positive,
  num_attention_heads: positive,
  intermediate_size: positive,
  hidden_act: activation.default('gelu'),
  layer_norm_eps: epsilon.default(1e-12),
  relative_attention_num_buckets: z.int().min(distanceBuckets.buckets).default(distanceBuckets.buckets),
});

/** Id of the padding token. MPNet's positions start after it, whatever config.json says. */
const padding = 1;

/**
 * MPNet (Song et al. 2020): BERT without token types, and with relative positions besides the learned ones, shared by
 * all layers. Follows transformers' `modeling_mpnet.py`.
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
      const positions = positionsAfterPadding(tokens, padding);
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
        ...distanceBuckets,
        rows: config.relative_attention_num_buckets,
        heads,
      });
      const selected = rows === null ? bias : modules.graph.op('Gather', [bias, rows], { axis: 1 });
      return encoderLayer(step, { ...sizes, names: layerNames(step.layer), biasesOf: () => [selected] });
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
