import { z } from 'zod';
import { readJson } from '../../io/files.js';
import type { Architecture } from './architecture.js';
import { bertConfigSchema, bertLike } from './bert.js';
import type { ModelFiles } from './config.js';

const configSchema = bertConfigSchema.extend({ pad_token_id: z.int().nonnegative().default(1) });

/**
 * RoBERTa (Liu et al. 2019), XLM-RoBERTa (Conneau et al. 2020) and CamemBERT (Martin et al. 2020): BERT whose positions
 * start after the padding token's id. Follows transformers' `modeling_roberta.py`.
 */
export async function roberta(files: ModelFiles): Promise<Architecture> {
  const config = await readJson(files.configPath, configSchema, "RoBERTa's configuration");
  return bertLike(files, config, { prefix: 'roberta.', padding: config.pad_token_id });
}
