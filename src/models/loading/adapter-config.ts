import { join } from 'node:path';
import { z } from 'zod';
import { InputError } from '../../core/errors.js';
import { exists, readJson } from '../../io/files.js';
import { hasWeights } from '../checkpoint/checkpoint.js';

/** Name of an adapter's configuration. */
export const adapterConfigFile = 'adapter_config.json';

const off = z.union([z.literal(false), z.null()]).optional();
const none = z.union([z.null(), z.array(z.unknown()).max(0), z.strictObject({})]).optional();

/** PEFT's `LoraConfig`; what changes the merged weights in another way than W + s B A is refused. */
const schema = z.looseObject({
  peft_type: z.literal('LORA'),
  base_model_name_or_path: z.string().min(1),
  revision: z.string().nullish(),
  lora_alpha: z.number(),
  use_rslora: z.boolean().nullish(),
  fan_in_fan_out: z.boolean().nullish(),
  modules_to_save: z.array(z.string()).nullish(),
  alpha_pattern: z.record(z.string().regex(/^[\w.]+$/, 'is not a plain name of modules'), z.number()).nullish(),
  bias: z.literal('none').default('none'),
  ...{ use_dora: off, lora_bias: off, use_qalora: off, alora_invocation_tokens: none },
  ...{ target_parameters: none, trainable_token_indices: none, layer_replication: none },
  /** These change the base's weights when the adapter is made. */
  init_lora_weights: z
    .union([z.boolean(), z.string().refine((name) => !/^(pissa|olora|corda|loftq)/.test(name))])
    .nullish(),
});

export type AdapterConfig = z.infer<typeof schema>;

/**
 * Reads a PEFT folder's configuration.
 * @returns null for a folder that is no adapter
 * @throws InputError for another kind of adapter, or a folder that is an adapter and a model of its own
 */
export async function readAdapterConfig(folder: string): Promise<AdapterConfig | null> {
  const path = join(folder, adapterConfigFile);
  if (!(await exists(path))) return null;
  if (await hasWeights(folder))
    throw new InputError(
      `${folder}: has weights of its own and ${adapterConfigFile}; keep a model and an adapter in folders of their own`,
    );
  return readJson(path, schema, 'a LoRA adapter, as PEFT saves it');
}

/**
 * The factor s of W + s B A, alpha / rank, or alpha / √rank (rank-stabilised LoRA).
 * @param module the module's path; the longest fitting entry of `alpha_pattern` gives alpha
 */
export function adapterScale(config: AdapterConfig, module: string, rank: number): number {
  const fitting = Object.keys(config.alpha_pattern ?? {}).find((key) => module === key || module.endsWith(`.${key}`));
  const alpha = fitting === undefined ? config.lora_alpha : config.alpha_pattern![fitting]!;
  if (rank < 1) throw new InputError(`${adapterConfigFile}: module "${module}" has rank ${rank}; expected at least 1`);
  return config.use_rslora === true ? alpha / Math.sqrt(rank) : alpha / rank;
}
