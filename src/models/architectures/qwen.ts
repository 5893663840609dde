import { z } from 'zod';
import { InputError } from '../../core/errors.js';
import { readJson } from '../../io/files.js';
import type { Architecture } from './architecture.js';
import { positive, type ModelFiles } from './config.js';
import { layerKinds, layerTypeFields, windowFor } from './layer-types.js';
import { llamaFields, llamaLike } from './llama-like.js';

const qwenFields = {
  ...llamaFields,
  ...layerTypeFields,
  max_position_embeddings: positive.default(32_768),
  num_key_value_heads: positive.nullable().default(32),
  /** If false, `sliding_window` has no effect. */
  use_sliding_window: z.boolean().default(false),
  sliding_window: positive.nullable().default(4096),
  /** Number of layers, the first ones, that see all tokens although there is a window. */
  max_window_layers: z.int().nonnegative().default(28),
};

const qwen2Schema = z.looseObject(qwenFields);
const qwen3Schema = z.looseObject({
  ...qwenFields,
  head_dim: positive.default(128),
  attention_bias: z.boolean().default(false),
});

/**
 * Qwen2 (Yang et al. 2024): LLaMA with biases of queries, keys and values, and possibly windows in later layers. Follows
 * transformers' `modeling_qwen2.py`.
 */
export async function qwen2(files: ModelFiles): Promise<Architecture> {
  const config = await readJson(files.configPath, qwen2Schema, "Qwen2's configuration");
  return llamaLike(files, config, { biases: { queryKeyValue: true }, windowOf: windows(files, config) });
}

/**
 * Qwen3 (Yang et al. 2025): norms of each head's query and key, whose size may differ from the hidden size's share.
 * Follows transformers' `modeling_qwen3.py`.
 */
export async function qwen3(files: ModelFiles): Promise<Architecture> {
  const config = await readJson(files.configPath, qwen3Schema, "Qwen3's configuration");
  const bias = config.attention_bias;
  return llamaLike(files, config, {
    biases: { queryKeyValue: bias, output: bias },
    headNorms: true,
    windowOf: windows(files, config),
  });
}

function windows(
  { configPath, attention }: ModelFiles,
  config: z.infer<typeof qwen2Schema>,
): (layer: number) => number | null {
  const window = config.use_sliding_window ? config.sliding_window : null;
  const kindOf = layerKinds({
    ...{ configPath, layers: config.num_hidden_layers, types: config.layer_types },
    isSliding: (layer) => window !== null && layer >= config.max_window_layers,
  });
  if (window === null && config.layer_types?.includes('sliding_attention') === true)
    throw new InputError(
      `${configPath}: field "layer_types" has sliding layers, but "use_sliding_window" and "sliding_window" give no window`,
    );
  return (layer) => (kindOf(layer) === 'sliding_attention' ? windowFor(attention, window!) : null);
}
