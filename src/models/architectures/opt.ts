import { z } from 'zod';
import { readJson } from '../../io/files.js';
import type { Norm } from '../onnx/modules.js';
import type { Architecture } from './architecture.js';
import { activation, headSizeOf, positive, usualScale, type ModelFiles } from './config.js';
import type { Projection } from './decoder-attention.js';
import { postNormLayer, preNormLayer, type DecoderLayer } from './decoder-layers.js';
import { decoderParts } from './decoder.js';

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

type Config = z.infer<typeof configSchema>;

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
  const headSize = headSizeOf(files, { size, heads: config.num_attention_heads, field: 'num_attention_heads' });
  const before = config.do_layer_norm_before;
  const addLayer = before ? preNormLayer : postNormLayer;
  const projected = wordSize !== size;

  return {
    ...decoderParts({
      ...{ layers: config.num_hidden_layers, size, outputSize: wordSize, vocabularySize: config.vocab_size },
      maxTokens: config.max_position_embeddings,
      prefixes: ['model.decoder.', 'decoder.', ''],
      ...{ words: 'embed_tokens', finalNorm: normOf(config, 'final_layer_norm') },
      head: { tied: config.tie_word_embeddings },
    }),

    embed(modules, { graph, ids, positions }) {
      const words = modules.embedding('embed_tokens', ids, config.vocab_size, wordSize);
      const index = graph.op('Add', [positions, graph.integer(positionOffset)]);
      const rows = config.max_position_embeddings + positionOffset;
      const projection = { name: 'project_in', inputs: wordSize, outputs: size, bias: false };
      return modules.add(
        projected ? modules.linear(words, projection) : words,
        modules.embedding('embed_positions', index, rows, size),
      );
    },

    block: (step) => addLayer(step, layerOf(config, headSize, step.layer)),

    finish(modules, hidden) {
      const normed =
        before && !config._remove_final_layer_norm ? modules.norm(hidden, normOf(config, 'final_layer_norm')) : hidden;
      const projection = { name: 'project_out', inputs: size, outputs: wordSize, bias: false };
      return projected ? modules.linear(normed, projection) : normed;
    },
  };
}

function normOf(config: Config, name: string): Norm {
  const kind = config.layer_norm_elementwise_affine ? 'layer' : 'plain';
  return { kind, name, size: config.hidden_size, epsilon: normEpsilon };
}

function layerOf(config: Config, headSize: number, layer: number): DecoderLayer {
  const { hidden_size: size, num_attention_heads: heads, enable_bias: bias } = config;
  const name = `layers.${layer}`;
  const project = (part: string): Projection => ({ name: `${name}.self_attn.${part}_proj`, bias });
  return {
    attentionNorm: normOf(config, `${name}.self_attn_layer_norm`),
    attention: {
      ...{ size, heads, headSize, scale: usualScale(headSize) },
      projections: { query: project('q'), key: project('k'), value: project('v') },
      output: project('out'),
    },
    feedForwardNorm: normOf(config, `${name}.final_layer_norm`),
    feedForward: {
      ...{ size, inner: config.ffn_dim, activation: config.activation_function },
      raise: { name: `${name}.fc1`, bias },
      lower: { name: `${name}.fc2`, bias },
    },
  };
}
