import { readJson } from '../../io/files.js';
import type { Architecture } from './architecture.js';
import { bertConfigSchema, bertLike } from './bert.js';
import { positive, type ModelFiles } from './config.js';

const configSchema = bertConfigSchema.extend({ embedding_size: positive });

/**
 * ELECTRA (Clark et al. 2020): BERT whose embeddings are of a size of their own, and projected. The discriminator and the
 * generator have the same encoder. Follows transformers' `modeling_electra.py`.
 */
export async function electra(files: ModelFiles): Promise<Architecture> {
  const config = await readJson(files.configPath, configSchema, "ELECTRA's configuration");
  return bertLike(files, config, { prefix: 'electra.', embeddingSize: config.embedding_size });
}
