import { z } from 'zod';
import { readJson } from '../../io/files.js';
import type { Rotary } from '../onnx/rotary.js';
import type { Architecture } from './architecture.js';
import { activation, positive, type ModelFiles } from './config.js';
import { gemmaFamily, gemmaFields, softCap } from './gemma.js';
import { layerKinds, layerTypeFields } from './layer-types.js';
import { llamaLike, llamaShape } from './llama-like.js';
import { ropePositionsOf } from './rope.js';

const configSchema = z.looseObject({
  ...gemmaFields,
  ...layerTypeFields,
  max_position_embeddings: positive.default(131_072),
  num_key_value_heads: positive.default(4),
  hidden_activation: activation.default('gelu_pytorch_tanh'),
  query_pre_attn_scalar: z.number().positive().default(256),
  sliding_window: positive.default(4096),
  /** Without `layer_types`: every so many layers, one sees all tokens. */
  sliding_window_pattern: positive.default(6),
  /** Older fields of the bases of rotary positions: in layers that see all tokens, and in sliding ones. */
  rope_theta: z.number().positive().default(1_000_000),
  rope_local_base_freq: z.number().positive().default(10_000),
  /** transformers does not apply it to the scores of Gemma 3. */
  attn_logit_softcapping: z.null().optional(),
  final_logit_softcapping: softCap.default(null),
});

/**
 * Gemma 3's text model (Kamath et al. 2025), and EmbeddingGemma, whose tokens see both sides: norms of each head's query
 * and key, and sliding layers with a rotary base of their own. Follows transformers' `modeling_gemma3.py`, where a window
 * to both sides is half as wide.
 */
export async function gemma3(files: ModelFiles): Promise<Architecture> {
  const { configPath, attention } = files;
  const config = await readJson(configPath, configSchema, "Gemma 3's configuration");
  const { headSize } = llamaShape(files, config);
  const { num_hidden_layers: layers, layer_types: types, sliding_window_pattern: pattern } = config;
  const kindOf = layerKinds({ configPath, layers, types, isSliding: (layer) => (layer + 1) % pattern !== 0 });
  const window = attention === 'causal' ? config.sliding_window : Math.floor(config.sliding_window / 2) + 1;
  const head = { configPath, headSize };
  const rotary: Record<ReturnType<typeof kindOf>, Rotary> = {
    full_attention: {
      ...ropePositionsOf('full_attention', head, config, { theta: config.rope_theta, scaled: true }),
      pairs: 'halves',
    },
    sliding_attention: {
      ...ropePositionsOf('sliding_attention', head, config, { theta: config.rope_local_base_freq, scaled: false }),
      pairs: 'halves',
    },
  };
  const usual = gemmaFamily(config);
  return llamaLike(
    files,
    { ...config, hidden_act: config.hidden_activation },
    {
      ...usual,
      ...{ outputNorms: true, headNorms: true, scale: 1 / Math.sqrt(config.query_pre_attn_scalar) },
      windowOf: (layer) => (kindOf(layer) === 'full_attention' ? null : window),
      rotaryOf: (layer) => rotary[kindOf(layer)],
      decoder: {
        ...usual.decoder,
        head: { tied: config.tie_word_embeddings, softCap: config.final_logit_softcapping },
      },
    },
  );
}
