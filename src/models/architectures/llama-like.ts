import { z } from 'zod';
import { InputError } from '../../core/errors.js';
import type { Norm } from '../onnx/modules.js';
import type { Rotary } from '../onnx/rotary.js';
import type { Architecture } from './architecture.js';
import { activation, attentionScale, epsilon, headSizeOf, positive, type ModelFiles } from './config.js';
import type { DecoderAttention, Projection } from './decoder-attention.js';
import { preNormLayer, type FeedForward, type PreNormLayer } from './decoder-layers.js';
import { decoderParts, type Decoder } from './decoder.js';
import { maxTokensOf, ropeFields, ropePositions } from './rope.js';

/** Configuration fields that LLaMA and the families after it share. */
export const llamaFields = {
  vocab_size: positive,
  max_position_embeddings: positive,
  hidden_size: positive,
  num_hidden_layers: positive,
  num_attention_heads: positive,
  num_key_value_heads: positive.nullish(),
  head_dim: positive.nullish(),
  intermediate_size: positive,
  hidden_act: activation.default('silu'),
  rms_norm_eps: epsilon.default(1e-6),
  tie_word_embeddings: z.boolean().default(false),
  ...ropeFields,
};

export type LlamaFields = z.infer<z.ZodObject<typeof llamaFields>>;

/** What a family has besides LLaMA's layers. */
export interface LlamaFamily {
  /** True for biases of queries, keys and values; of attention's output; of the feed-forward part. Default: none. */
  readonly biases?: { readonly queryKeyValue?: boolean; readonly output?: boolean; readonly feedForward?: boolean };
  /** True if the projections of attention are one product, and those of the feed-forward part another (Phi-3). */
  readonly fused?: boolean;
  /** True for norms of each head's query and key. */
  readonly headNorms?: boolean;
  /** True for norms of the parts' results (Gemma 2). */
  readonly outputNorms?: boolean;
  /** Default: rms. */
  readonly normKind?: Norm['kind'];
  /** Default: 1/√headSize. */
  readonly scale?: number;
  /** See {@link DecoderAttention}. */
  readonly softCap?: number | null;
  /** The window of each layer (see {@link DecoderAttention}). Default: none. */
  readonly windowOf?: (layer: number) => number | null;
  /** The rotary positions of each layer. Default: those of the configuration, in all layers. */
  readonly rotaryOf?: (layer: number) => Rotary;
  /** Members of the decoder that differ. */
  readonly decoder?: Partial<Pick<Decoder, 'embeddingScale' | 'head' | 'prefixes'>>;
}

/** Sizes and positions that follow from a configuration. */
export interface LlamaShape {
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly headSize: number;
}

/** @throws InputError for a number of heads that is not possible */
export function llamaShape(files: ModelFiles, config: LlamaFields): LlamaShape {
  const heads = config.num_attention_heads;
  const keyValueHeads = config.num_key_value_heads ?? heads;
  const sizes = { size: config.hidden_size, heads, field: 'num_attention_heads', headSize: config.head_dim };
  const headSize = headSizeOf(files, sizes);
  if (heads % keyValueHeads !== 0)
    throw new InputError(
      `${files.configPath}: field "num_key_value_heads": ${keyValueHeads} does not divide the ${heads} heads`,
    );
  return { heads, keyValueHeads, headSize };
}

/** The rotary positions that all layers of a configuration have. */
export function llamaRotary(configPath: string, config: LlamaFields, headSize: number): Rotary {
  const defaults = { theta: 10_000, fraction: 1, whole: true };
  return { ...ropePositions(configPath, config, headSize, defaults), pairs: 'halves' };
}

/**
 * A decoder like LLaMA: rotary positions, RMS norms before each part, grouped-query attention, and a gated feed-forward
 * part. With bidirectional attention it has no language model head: each token would see the one that it predicts.
 */
export function llamaLike(files: ModelFiles, config: LlamaFields, family: LlamaFamily): Architecture {
  const shape = llamaShape(files, config);
  const usual = family.rotaryOf === undefined ? llamaRotary(files.configPath, config, shape.headSize) : null;
  const rotaryOf = family.rotaryOf ?? ((): Rotary => usual!);
  const parts = decoderParts({
    ...{ layers: config.num_hidden_layers, size: config.hidden_size, vocabularySize: config.vocab_size },
    maxTokens: maxTokensOf(config.max_position_embeddings, rotaryOf(0)),
    sameUpTo: rotaryOf(0).longer?.than ?? null,
    prefixes: ['model.', ''],
    buffers: /\.rotary_emb\.inv_freq$/,
    ...{ wordEmbeddings: 'embed_tokens', finalNorm: normOf(config, family, 'norm') },
    head: { tied: config.tie_word_embeddings },
    ...family.decoder,
  });
  const { attention } = files;
  return {
    ...parts,
    logits: attention === 'causal' ? parts.logits : null,
    block(step) {
      const { layer } = step;
      const window = family.windowOf?.(layer) ?? null;
      return preNormLayer(
        step,
        layerOf(config, family, layer, { ...shape, kind: attention, rotary: rotaryOf(layer), window }),
      );
    },
  };
}

function normOf(config: LlamaFields, family: LlamaFamily, name: string): Norm {
  return { kind: family.normKind ?? 'rms', name, size: config.hidden_size, epsilon: config.rms_norm_eps };
}

function layerOf(
  config: LlamaFields,
  family: LlamaFamily,
  layer: number,
  attention: LlamaShape & Pick<DecoderAttention, 'kind' | 'rotary' | 'window'>,
): PreNormLayer {
  const { biases = {}, fused = false, headNorms = false, outputNorms = false } = family;
  const name = `layers.${layer}`;
  const norm = (part: string): Norm => normOf(config, family, `${name}.${part}`);
  const headNorm = (part: string): Norm => ({ ...norm(`self_attn.${part}`), size: attention.headSize });
  const attend = (part: string): Projection => ({
    name: `${name}.self_attn.${part}_proj`,
    bias: biases.queryKeyValue ?? false,
  });
  return {
    attentionNorm: norm('input_layernorm'),
    attention: {
      ...attention,
      ...{ size: config.hidden_size, scale: family.scale ?? attentionScale(attention.headSize) },
      softCap: family.softCap ?? null,
      projections: fused
        ? { fused: attend('qkv'), order: 'blocks' }
        : { query: attend('q'), key: attend('k'), value: attend('v') },
      ...(headNorms ? { queryNorm: headNorm('q_norm'), keyNorm: headNorm('k_norm') } : {}),
      output: { name: `${name}.self_attn.o_proj`, bias: biases.output ?? false },
    },
    attentionOutputNorm: outputNorms ? norm('post_attention_layernorm') : null,
    feedForwardNorm: norm(outputNorms ? 'pre_feedforward_layernorm' : 'post_attention_layernorm'),
    feedForward: feedForwardOf(config, `${name}.mlp`, fused, biases.feedForward ?? false),
    feedForwardOutputNorm: outputNorms ? norm('post_feedforward_layernorm') : null,
  };
}

function feedForwardOf(config: LlamaFields, name: string, fused: boolean, bias: boolean): FeedForward {
  const feed = (part: string): Projection => ({ name: `${name}.${part}_proj`, bias });
  const sizes = { size: config.hidden_size, inner: config.intermediate_size, activation: config.hidden_act };
  return fused
    ? { ...sizes, gateAndUp: feed('gate_up'), first: 'gate', down: feed('down') }
    : { ...sizes, gate: feed('gate'), up: feed('up'), down: feed('down') };
}
