import { z } from 'zod';
import { InputError } from '../../core/errors.js';
import { readJson } from '../../io/files.js';
import { activations, type Activation } from '../onnx/activations.js';
import type { Norm } from '../onnx/modules.js';
import { relativePositionBias } from '../onnx/relative-position.js';
import type { Architecture } from './architecture.js';
import { epsilon, hasTensor, headSizeOf, positive, type ModelFiles } from './config.js';
import type { Projection } from './decoder-attention.js';
import { preNormLayer, type FeedForward, type PreNormLayer } from './decoder-layers.js';
import { encoderParts } from './encoder.js';

const configSchema = z.looseObject({
  vocab_size: positive,
  d_model: positive,
  d_kv: positive,
  d_ff: positive,
  num_layers: positive,
  num_heads: positive,
  relative_attention_num_buckets: z.int().min(4).default(32),
  /** Distances from here on share a bucket. */
  relative_attention_max_distance: z.int().min(2).max(65_536).default(128),
  layer_norm_epsilon: epsilon.default(1e-6),
  /** `relu`, or `gated-` and an activation. */
  feed_forward_proj: z.string().default('relu'),
});

type T5Config = z.infer<typeof configSchema>;

/**
 * The encoder of T5 (Raffel et al. 2020), as gtr and sentence-t5 use it: no positions but a bias of the scores for each
 * distance, which all layers share; no scaling, no biases. A decoder in the file is not run. Follows transformers'
 * `modeling_t5.py`.
 */
export async function t5(files: ModelFiles): Promise<Architecture> {
  const config = await readJson(files.configPath, configSchema, "T5's configuration");
  const { d_model: size, num_heads: heads, d_kv } = config;
  const headSize = headSizeOf(files, { size, heads, field: 'num_heads', headSize: d_kv });
  const feedForward = feedForwardKind(files.configPath, config);
  const shared = hasTensor(files, ['', 'encoder.'], 'shared.weight');
  return {
    // A file may have the embeddings twice, under both names.
    ...encoderParts(
      files,
      'encoder.',
      size,
      shared ? /^(block|final_layer_norm|shared)\./ : /^(block|final_layer_norm|embed_tokens)\./,
    ),
    ...{ layers: config.num_layers, vocabularySize: config.vocab_size, maxTokens: null },
    embed(modules, { ids }) {
      return modules.embedding(shared ? 'shared' : 'embed_tokens', ids, config.vocab_size, size);
    },
    block: (step) => preNormLayer(step, layerOf(config, step.layer, { headSize, feedForward })),
    finish: (modules, hidden) => modules.norm(hidden, normOf(config, 'final_layer_norm')),
  };
}

interface FeedForwardKind {
  readonly activation: Activation;
  readonly gated: boolean;
}

function feedForwardKind(configPath: string, { feed_forward_proj: field }: T5Config): FeedForwardKind {
  const gated = field.startsWith('gated-');
  // Checkpoints that say gated-gelu mean its tanh approximation.
  const name = field === 'gated-gelu' ? 'gelu_new' : gated ? field.slice('gated-'.length) : field;
  const activation = activations.find((known) => known === name);
  if (activation !== undefined) return { activation, gated };
  throw new InputError(
    `${configPath}: field "feed_forward_proj": "${field}" is not supported; expected relu or gated-gelu`,
  );
}

function normOf(config: T5Config, name: string): Norm {
  return { kind: 'rms', name, size: config.d_model, epsilon: config.layer_norm_epsilon };
}

function layerOf(
  config: T5Config,
  layer: number,
  { headSize, feedForward }: { readonly headSize: number; readonly feedForward: FeedForwardKind },
): PreNormLayer {
  const { d_model: size, num_heads: heads } = config;
  const name = `block.${layer}`;
  const attend = (part: string): Projection => ({ name: `${name}.layer.0.SelfAttention.${part}`, bias: false });
  return {
    attentionNorm: normOf(config, `${name}.layer.0.layer_norm`),
    attention: {
      ...{ kind: 'bidirectional', size, heads, headSize, scale: null },
      projections: { query: attend('q'), key: attend('k'), value: attend('v') },
      output: attend('o'),
      relativeBias: (modules, tokens) =>
        relativePositionBias(modules, tokens, {
          name: 'block.0.layer.0.SelfAttention.relative_attention_bias',
          rows: config.relative_attention_num_buckets,
          buckets: config.relative_attention_num_buckets,
          maxDistance: config.relative_attention_max_distance,
          heads,
        }),
    },
    feedForwardNorm: normOf(config, `${name}.layer.1.layer_norm`),
    feedForward: feedForwardOf(config, `${name}.layer.1.DenseReluDense`, feedForward),
  };
}

function feedForwardOf(config: T5Config, name: string, { activation, gated }: FeedForwardKind): FeedForward {
  const feed = (part: string): Projection => ({ name: `${name}.${part}`, bias: false });
  const sizes = { size: config.d_model, inner: config.d_ff, activation, down: feed('wo') };
  return gated ? { ...sizes, gate: feed('wi_0'), up: feed('wi_1') } : { ...sizes, up: feed('wi') };
}
