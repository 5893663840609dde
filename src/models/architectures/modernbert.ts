import { z } from 'zod';
import { readJson } from '../../io/files.js';
import type { Norm } from '../onnx/modules.js';
import type { Rotary } from '../onnx/rotary.js';
import type { Architecture } from './architecture.js';
import { activation, attentionScale, epsilon, headSizeOf, positive, type ModelFiles } from './config.js';
import { preNormLayer, type PreNormLayer } from './decoder-layers.js';
import { encoderParts } from './encoder.js';
import { layerKinds, layerTypeFields } from './layer-types.js';
import { ropeFields, ropePositionsOf, type LayerKind } from './rope.js';

const configSchema = z.looseObject({
  ...ropeFields,
  ...layerTypeFields,
  vocab_size: positive,
  hidden_size: positive,
  intermediate_size: positive,
  num_hidden_layers: positive,
  num_attention_heads: positive,
  max_position_embeddings: positive.default(8192),
  hidden_activation: activation.default('gelu'),
  norm_eps: epsilon.default(1e-5),
  norm_bias: z.boolean().default(false),
  attention_bias: z.boolean().default(false),
  mlp_bias: z.boolean().default(false),
  /** Number of tokens that a sliding layer sees, half of them to each side. */
  local_attention: positive.default(128),
  /** Without `layer_types`: every so many layers, from the first on, one sees all tokens. */
  global_attn_every_n_layers: positive.default(3),
  /** Older fields of the bases of rotary positions. */
  global_rope_theta: z.number().positive().default(160_000),
  local_rope_theta: z.number().positive().nullish(),
});

type ModernBertConfig = z.infer<typeof configSchema>;

/**
 * ModernBERT (Warner et al. 2024): norms before each part but the first, rotary positions, GeGLU, and layers that see all
 * tokens between ones that see only the tokens around them. Follows transformers' `modeling_modernbert.py`.
 */
export async function modernBert(files: ModelFiles): Promise<Architecture> {
  const { configPath } = files;
  const config = await readJson(configPath, configSchema, "ModernBERT's configuration");
  const { hidden_size: size, num_attention_heads: heads, num_hidden_layers: layers } = config;
  const headSize = headSizeOf(files, { size, heads, field: 'num_attention_heads' });
  const every = config.global_attn_every_n_layers;
  const kindOf = layerKinds({
    configPath,
    layers,
    types: config.layer_types,
    isSliding: (layer) => layer % every !== 0,
  });
  const rotaryOf = (kind: LayerKind, theta: number): Rotary => ({
    ...ropePositionsOf(kind, { configPath, headSize }, config, { theta, scaled: true }),
    pairs: 'halves',
  });
  const rotary: Record<LayerKind, Rotary> = {
    full_attention: rotaryOf('full_attention', config.global_rope_theta),
    sliding_attention: rotaryOf('sliding_attention', config.local_rope_theta ?? 10_000),
  };
  const norm = (name: string): Norm => normOf(config, name);
  return {
    ...encoderParts(files, 'model.', size, /^(embeddings|layers|final_norm)\./),
    ...{ layers, vocabularySize: config.vocab_size, maxTokens: config.max_position_embeddings },
    embed: (modules, { ids }) =>
      modules.norm(
        modules.embedding('embeddings.tok_embeddings', ids, config.vocab_size, size),
        norm('embeddings.norm'),
      ),
    block(step) {
      const kind = kindOf(step.layer);
      return preNormLayer(step, layerOf(config, step.layer, { kind, headSize, rotary: rotary[kind] }));
    },
    finish: (modules, hidden) => modules.norm(hidden, norm('final_norm')),
  };
}

function normOf(config: ModernBertConfig, name: string): Norm {
  return { kind: 'layer', name, size: config.hidden_size, epsilon: config.norm_eps, bias: config.norm_bias };
}

function layerOf(
  config: ModernBertConfig,
  layer: number,
  { kind, headSize, rotary }: { readonly kind: LayerKind; readonly headSize: number; readonly rotary: Rotary },
): PreNormLayer {
  const { hidden_size: size, num_attention_heads: heads, attention_bias, mlp_bias } = config;
  const name = `layers.${layer}`;
  return {
    attentionNorm: layer === 0 ? null : normOf(config, `${name}.attn_norm`),
    attention: {
      ...{ kind: 'bidirectional', size, heads, headSize, scale: attentionScale(headSize), rotary },
      window: kind === 'full_attention' ? null : Math.floor(config.local_attention / 2) + 1,
      projections: { fused: { name: `${name}.attn.Wqkv`, bias: attention_bias }, order: 'blocks' },
      output: { name: `${name}.attn.Wo`, bias: attention_bias },
    },
    feedForwardNorm: normOf(config, `${name}.mlp_norm`),
    feedForward: {
      ...{ size, inner: config.intermediate_size, activation: config.hidden_activation },
      ...{ gateAndUp: { name: `${name}.mlp.Wi`, bias: mlp_bias }, first: 'gate' },
      down: { name: `${name}.mlp.Wo`, bias: mlp_bias },
    },
  };
}
