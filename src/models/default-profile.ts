import { join } from 'node:path';
import { z } from 'zod';
import { InputError } from '../core/errors.js';
import type { ProfileName } from '../core/profile.js';
import type { Progress } from '../core/progress.js';
import { exists, readJson } from '../io/files.js';
import { architectureOf, supportedArchitectures } from './architectures/index.js';
import { openCheckpoint } from './checkpoint/checkpoint.js';
import { resolveBrackets } from './encoding/brackets.js';
import { familyOf } from './hub/families.js';
import { locateModel } from './hub/index.js';

const configSchema = z.looseObject({ _name_or_path: z.string().nullish() });

/**
 * The profile of the program that publishes numbers of such a bi-encoder: SGPT's for SGPT and for causal language models
 * without settings of their own, mteb's for sentence-transformers models and all others.
 * @param model a folder, or a hub id, which is downloaded if necessary
 * @throws InputError for a model that does not exist
 */
export async function defaultProfile(
  model: string,
  brackets: string,
  progress: Progress,
): Promise<{ name: ProfileName; reason: string }> {
  const isSupported = (modelType: string): boolean => supportedArchitectures.includes(modelType);
  const { folder, id } = await locateModel(model, { progress, isSupported });
  const config = await readJson(join(folder, 'config.json'), configSchema, "a Hugging Face model's configuration");
  const names = [id, config._name_or_path ?? ''];
  const isSgpt = familyOf(...names)?.name === 'SGPT' || resolveBrackets(brackets, ...names) !== 'none';
  if (isSgpt) return { name: 'sgpt-paper', reason: `for SGPT (${id})` };
  if (await exists(join(folder, 'modules.json')))
    return { name: 'mteb', reason: `for a sentence-transformers model (${id})` };
  const isCausal = await isCausalModel(folder);
  return isCausal
    ? { name: 'sgpt-paper', reason: `for a causal language model (${id})` }
    : { name: 'mteb', reason: `for an encoder (${id})` };
}

/** False also for a model that cannot be run; the reason is said when it is opened. */
async function isCausalModel(folder: string): Promise<boolean> {
  try {
    return (await architectureOf(await openCheckpoint(folder))).logits !== null;
  } catch (error) {
    if (error instanceof InputError) return false;
    throw error;
  }
}
