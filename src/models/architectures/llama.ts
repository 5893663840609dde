import { z } from 'zod';
import { readJson } from '../../io/files.js';
import type { Architecture } from './architecture.js';
import { positive, type ModelFiles } from './config.js';
import { llamaFields, llamaLike } from './llama-like.js';

const configSchema = z.looseObject({
  ...llamaFields,
  max_position_embeddings: positive.default(2048),
  attention_bias: z.boolean().default(false),
  mlp_bias: z.boolean().default(false),
});

/**
 * LLaMA (Touvron et al. 2023) 1 to 3: rotary positions, RMS norm before each part, grouped-query attention, and SwiGLU
 * (Shazeer 2020) in the feed-forward part. Follows transformers' `modeling_llama.py`.
 */
export async function llama(files: ModelFiles): Promise<Architecture> {
  const config = await readJson(files.configPath, configSchema, "LLaMA's configuration");
  const { attention_bias: queryKeyValue, mlp_bias: feedForward } = config;
  return llamaLike(files, config, { biases: { queryKeyValue, output: queryKeyValue, feedForward } });
}
