import { z } from 'zod';
import { InputError } from '../../core/errors.js';
import { readJson } from '../../io/files.js';
import type { RotaryPositions } from '../onnx/rotary-angles.js';
import type { Architecture } from './architecture.js';
import { activation, epsilon, hasTensor, headSizeOf, positive, type ModelFiles } from './config.js';
import type { Projection } from './decoder-attention.js';
import { fixedNtk } from './rope-scaling.js';
import { ropeFields, ropePositions } from './rope.js';
import { rotaryEncoder, type RotaryLayerNames } from './rotary-encoder.js';

const configSchema = z.looseObject({
  ...ropeFields,
  vocab_size: positive,
  hidden_size: positive,
  num_hidden_layers: positive,
  num_attention_heads: positive,
  intermediate_size: positive,
  hidden_act: activation.default('gelu'),
  layer_norm_eps: epsilon.default(1e-12),
  max_position_embeddings: positive.default(8192),
  type_vocab_size: z.int().nonnegative().default(1),
  /** Fields of the publisher's code, and the values that it is run with here. */
  layer_norm_type: z.literal('layer_norm').default('layer_norm'),
  position_embedding_type: z.literal('rope').default('rope'),
  logn_attention_scale: z.literal(false).default(false),
});

/** Settings of the publisher's only scaling. */
const ntkSchema = z.looseObject({
  type: z.literal('ntk'),
  factor: z.number().positive(),
  mixed_b: z.number().nullish(),
});

type GteConfig = z.infer<typeof configSchema>;

/**
 * GTE's `new` (Zhang et al. 2024): BERT with rotary positions and a gated feed-forward part. Follows transformers'
 * `modeling_gte.py`, and for scaled positions and the names of tensors Alibaba-NLP/new-impl.
 * @param theta base of rotary positions if config.json gives none: 10,000 in the publisher's code, 160,000 in transformers
 */
export async function gte(files: ModelFiles, theta: number): Promise<Architecture> {
  const config = await readJson(files.configPath, configSchema, "GTE's configuration");
  const { hidden_size: size, num_attention_heads: heads } = config;
  const headSize = headSizeOf(files, { size, heads, field: 'num_attention_heads' });
  const prefixes = ['new.', 'gte.', ''];
  return rotaryEncoder(files, {
    ...{ layers: config.num_hidden_layers, size, heads, headSize, inner: config.intermediate_size },
    ...{ activation: config.hidden_act, epsilon: config.layer_norm_eps, vocabularySize: config.vocab_size },
    ...{ tokenTypes: config.type_vocab_size, maxPositions: config.max_position_embeddings },
    ...{ rotary: { ...positionsOf(files.configPath, config, headSize, theta), pairs: 'halves' }, prefixes },
    parts: /^(embeddings|encoder|layers|pooler)\./,
    embeddingsNorm: 'embeddings.LayerNorm',
    namesOf: hasTensor(files, prefixes, 'encoder.layer.0.attn_ln.weight')
      ? (layer) => publishedNames(files, prefixes, layer)
      : ownNames,
  });
}

function positionsOf(configPath: string, config: GteConfig, headSize: number, theta: number): RotaryPositions {
  const ntk = ntkSchema.safeParse(config.rope_scaling);
  if (!ntk.success) return ropePositions(configPath, config, headSize, { theta, fraction: 1, whole: true });
  const { factor, mixed_b: mixed = null } = ntk.data;
  if (factor <= 1) throw new InputError(`${configPath}: field "rope_scaling.factor": ${factor} is not above 1`);
  return fixedNtk({ theta: config.rope_theta ?? theta, dimensions: headSize }, factor, mixed);
}

function publishedNames(files: ModelFiles, prefixes: readonly string[], layer: number): RotaryLayerNames {
  const name = `encoder.layer.${layer}`;
  const attend = (part: string): Projection => ({ name: `${name}.attention.${part}_proj` });
  const packed = hasTensor(files, prefixes, `${name}.attention.qkv_proj.weight`);
  return {
    attention: packed
      ? { fused: attend('qkv'), order: 'blocks' }
      : { query: attend('q'), key: attend('k'), value: attend('v') },
    attentionOutput: attend('o'),
    attentionNorm: `${name}.attn_ln`,
    feedForward: {
      ...{ gateAndUp: { name: `${name}.mlp.up_gate_proj`, bias: false }, first: 'up' },
      down: { name: `${name}.mlp.down_proj` },
    },
    feedForwardNorm: `${name}.mlp_ln`,
  };
}

function ownNames(layer: number): RotaryLayerNames {
  const name = `layers.${layer}`;
  const attend = (part: string): Projection => ({ name: `${name}.self_attn.${part}_proj` });
  return {
    attention: { query: attend('q'), key: attend('k'), value: attend('v') },
    attentionOutput: attend('o'),
    attentionNorm: `${name}.post_attention_layernorm`,
    feedForward: {
      up: { name: `${name}.mlp.up_proj`, bias: false },
      gate: { name: `${name}.mlp.gate_proj`, bias: false },
      down: { name: `${name}.mlp.down_proj` },
    },
    feedForwardNorm: `${name}.post_mlp_layernorm`,
  };
}
