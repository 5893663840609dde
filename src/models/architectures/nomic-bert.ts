import { z } from 'zod';
import { readJson } from '../../io/files.js';
import type { RotaryPositions } from '../onnx/rotary-angles.js';
import type { Architecture } from './architecture.js';
import { activation, epsilon, hasTensor, headSizeOf, positive, type ModelFiles } from './config.js';
import type { Projection } from './decoder-attention.js';
import { ropeFields, ropePositions } from './rope.js';
import { rotaryEncoder, type RotaryLayerNames } from './rotary-encoder.js';

/** Fields of transformers' own configuration. */
const configSchema = z.looseObject({
  ...ropeFields,
  vocab_size: positive,
  hidden_size: positive,
  num_hidden_layers: positive,
  num_attention_heads: positive,
  intermediate_size: positive,
  head_dim: positive.nullish(),
  hidden_act: activation.default('silu'),
  layer_norm_eps: epsilon.default(1e-12),
  max_position_embeddings: positive.default(2048),
  type_vocab_size: positive.default(2),
});

const no = z.literal(false).default(false);

/** Fields of the publisher's code, `modeling_hf_nomic_bert.py`, whose names are GPT-2's. */
const publishedSchema = z.looseObject({
  vocab_size: positive,
  n_embd: positive,
  n_layer: positive,
  n_head: positive,
  n_inner: positive,
  n_positions: positive.default(8192),
  activation_function: z.enum(['swiglu', 'geglu']),
  layer_norm_epsilon: epsilon.default(1e-12),
  type_vocab_size: z.int().nonnegative().default(2),
  rotary_emb_base: z.number().positive().default(1000),
  rotary_emb_fraction: z.literal(1),
  rotary_emb_interleaved: z.boolean().default(false),
  rotary_emb_scale_base: z.null().optional(),
  /** Stretches the positions of texts longer than `max_trained_positions` (dynamic NTK scaling). */
  rotary_scaling_factor: z.number().positive().nullish(),
  max_trained_positions: positive.default(2048),
  qkv_proj_bias: z.boolean().default(false),
  mlp_fc1_bias: z.boolean().default(false),
  mlp_fc2_bias: z.boolean().default(false),
  ...{ prenorm: no, parallel_block: no, causal: no, use_rms_norm: no, rotary_head_dim: no },
  moe_every_n_layers: z.literal(0).default(0),
  num_heads_kv: z.null().optional(),
});

type NomicConfig = z.infer<typeof configSchema>;
type Biases = Readonly<Record<'attention' | 'up' | 'down', boolean>>;
interface Settings {
  readonly config: NomicConfig;
  readonly biases: Biases;
  readonly pairs: 'halves' | 'adjacent';
  readonly scaled?: { readonly factor: number; readonly context: number };
}

/**
 * NomicBERT (Nussbaum et al. 2024): BERT with rotary positions, SwiGLU and no biases of products. Follows transformers'
 * `modeling_nomic_bert.py`, and for configurations with the publisher's names nomic-ai/nomic-bert-2048.
 */
export async function nomicBert(files: ModelFiles): Promise<Architecture> {
  const { config, biases, pairs, scaled } = await settingsOf(files.configPath);
  const { hidden_size: size, num_attention_heads: heads } = config;
  const headSize = headSizeOf(files, { size, heads, field: 'num_attention_heads', headSize: config.head_dim });
  const usual = ropePositions(files.configPath, config, headSize, { theta: 1000, fraction: 1, whole: true });
  const positions: RotaryPositions =
    scaled === undefined
      ? usual
      : { ...usual, longer: { than: scaled.context, dynamic: { theta: config.rope_theta!, factor: scaled.factor } } };
  const prefixes = ['nomic_bert.', 'bert.', ''];
  const published = hasTensor(files, prefixes, 'encoder.layers.0.attn.Wqkv.weight');
  const architecture = rotaryEncoder(files, {
    ...{ layers: config.num_hidden_layers, size, heads, headSize, inner: config.intermediate_size },
    ...{ activation: config.hidden_act, epsilon: config.layer_norm_eps, vocabularySize: config.vocab_size },
    ...{ tokenTypes: config.type_vocab_size, maxPositions: config.max_position_embeddings },
    ...{ rotary: { ...positions, pairs }, prefixes },
    parts: /^(embeddings|emb_ln|encoder|layers|pooler)\./,
    embeddingsNorm: published ? 'emb_ln' : 'embeddings.LayerNorm',
    namesOf: (layer) => (published ? publishedNames(layer, biases) : ownNames(layer, biases)),
  });
  return { ...architecture, maxTokens: config.max_position_embeddings };
}

async function settingsOf(configPath: string): Promise<Settings> {
  const naming = await readJson(
    configPath,
    z.looseObject({ n_embd: z.unknown().optional() }),
    "NomicBERT's configuration",
  );
  const none = { attention: false, up: false, down: false };
  if (naming.n_embd === undefined)
    return {
      config: await readJson(configPath, configSchema, "NomicBERT's configuration"),
      ...{ biases: none, pairs: 'halves' },
    };
  const own = await readJson(configPath, publishedSchema, "NomicBERT's configuration");
  const factor = own.rotary_scaling_factor ?? null;
  return {
    config: {
      ...{ vocab_size: own.vocab_size, hidden_size: own.n_embd, num_hidden_layers: own.n_layer },
      ...{ num_attention_heads: own.n_head, intermediate_size: own.n_inner, rope_theta: own.rotary_emb_base },
      hidden_act: own.activation_function === 'swiglu' ? 'silu' : 'gelu',
      ...{ layer_norm_eps: own.layer_norm_epsilon, type_vocab_size: own.type_vocab_size },
      max_position_embeddings: own.n_positions,
    },
    biases: { attention: own.qkv_proj_bias, up: own.mlp_fc1_bias, down: own.mlp_fc2_bias },
    pairs: own.rotary_emb_interleaved ? 'adjacent' : 'halves',
    ...(factor === null ? {} : { scaled: { factor, context: own.max_trained_positions } }),
  };
}

function publishedNames(layer: number, biases: Biases): RotaryLayerNames {
  const name = `encoder.layers.${layer}`;
  return {
    attention: { fused: { name: `${name}.attn.Wqkv`, bias: biases.attention }, order: 'blocks' },
    attentionOutput: { name: `${name}.attn.out_proj`, bias: biases.attention },
    attentionNorm: `${name}.norm1`,
    feedForward: {
      up: { name: `${name}.mlp.fc11`, bias: biases.up },
      gate: { name: `${name}.mlp.fc12`, bias: biases.up },
      down: { name: `${name}.mlp.fc2`, bias: biases.down },
    },
    feedForwardNorm: `${name}.norm2`,
  };
}

function ownNames(layer: number, biases: Biases): RotaryLayerNames {
  const name = `layers.${layer}`;
  const attend = (part: string): Projection => ({ name: `${name}.self_attn.${part}_proj`, bias: biases.attention });
  return {
    attention: { query: attend('q'), key: attend('k'), value: attend('v') },
    attentionOutput: attend('o'),
    attentionNorm: `${name}.post_attention_layernorm`,
    feedForward: {
      up: { name: `${name}.mlp.up_proj`, bias: biases.up },
      gate: { name: `${name}.mlp.gate_proj`, bias: biases.up },
      down: { name: `${name}.mlp.down_proj`, bias: biases.down },
    },
    feedForwardNorm: `${name}.post_mlp_layernorm`,
  };
}
