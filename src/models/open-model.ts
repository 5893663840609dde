import { InputError, unknownName } from '../core/errors.js';
import type { ModelInfo } from '../core/model.js';
import { architectureOf, type Architecture } from './architectures/index.js';
import { modelInfo, openCheckpoint, type Checkpoint } from './checkpoint/checkpoint.js';
import { openTokenizer, type Tokenizer } from './tokenizer.js';

/** Types that a model computes in. Weights stored in half precision are widened, which loses nothing. */
export const dtypes = ['fp32'] as const;

/** A model folder opened for use: what it is, and all that a graph and its inputs are made from. */
export interface OpenModel {
  readonly info: ModelInfo;
  readonly checkpoint: Checkpoint;
  readonly architecture: Architecture;
  readonly tokenizer: Tokenizer;
}

/** @throws InputError for anything missing, broken or not supported */
export async function openModel(folder: string, dtype: string): Promise<OpenModel> {
  if (!dtypes.some((known) => known === dtype)) throw unknownName('dtype', dtype, dtypes);
  const checkpoint = await openCheckpoint(folder);
  const architecture = await architectureOf(checkpoint);
  const tokenizer = await openTokenizer(checkpoint.folder);
  const info = await modelInfo(checkpoint, tokenizer.files, (name) => architecture.isNoParameter(name), dtype);
  return { info, checkpoint, architecture, tokenizer };
}

/** @throws InputError unless it is a whole number from 1 */
export function checkThreads(threads: number): void {
  if (!Number.isInteger(threads) || threads < 1)
    throw new InputError(`threads: ${threads} is not possible; expected a whole number from 1`);
}
