import { z } from 'zod';
import { readJson } from '../../io/files.js';
import type { Architecture } from './architecture.js';
import { positive, type ModelFiles } from './config.js';
import { windowFor } from './layer-types.js';
import { llamaFields, llamaLike } from './llama-like.js';

const configSchema = z.looseObject({
  ...llamaFields,
  max_position_embeddings: positive.default(131_072),
  num_key_value_heads: positive.nullable().default(8),
  sliding_window: positive.nullable().default(4096),
  /** transformers does not read it in Mistral; a model that has it is another one (Ministral). */
  layer_types: z.null().optional(),
});

/**
 * Mistral (Jiang et al. 2023): LLaMA whose tokens see only the last `sliding_window` tokens, in all layers. Follows
 * transformers' `modeling_mistral.py`.
 */
export async function mistral(files: ModelFiles): Promise<Architecture> {
  const config = await readJson(files.configPath, configSchema, "Mistral's configuration");
  const window = config.sliding_window === null ? null : windowFor(files.attention, config.sliding_window);
  return llamaLike(files, config, { windowOf: () => window });
}
