import { InputError, unknownName } from '../core/errors.js';
import type { ModelInfo } from '../core/model.js';
import { architectureOf, type Architecture } from './architectures/index.js';
import { modelInfo, openCheckpoint, type Checkpoint } from './checkpoint/checkpoint.js';
import type { Model } from './onnx/encoder-graph.js';
import { SessionPool } from './runtime/pool.js';
import { openTokenizer, type Tokenizer } from './tokenizer.js';

/** Types that a model computes in. Weights stored in half precision are widened, which loses nothing. */
export const dtypes = ['fp32'] as const;

/** A model folder opened for use: all that a graph and its inputs are made from. */
export interface OpenModel {
  readonly checkpoint: Checkpoint;
  readonly architecture: Architecture;
  readonly tokenizer: Tokenizer;
  readonly dtype: string;
}

/**
 * Reads everything but the weights.
 * @throws InputError for anything missing, broken or not supported
 */
export async function openModel(folder: string, dtype: string): Promise<OpenModel> {
  if (!dtypes.some((known) => known === dtype)) throw unknownName('dtype', dtype, dtypes);
  const checkpoint = await openCheckpoint(folder);
  const architecture = await architectureOf(checkpoint);
  const tokenizer = await openTokenizer(checkpoint.folder);
  if (tokenizer.largestId >= architecture.vocabularySize)
    throw new InputError(
      `${folder}: the tokenizer has token ids up to ${tokenizer.largestId}, but config.json says vocab_size ` +
        `${architecture.vocabularySize}; the tokenizer of another model?`,
    );
  return { checkpoint, architecture, tokenizer, dtype };
}

/** Loads the weights into workers, and reads the files once more for their hashes at the same time. */
export async function startModel(
  { checkpoint, architecture, tokenizer, dtype }: OpenModel,
  { graph, weightsFolder }: Model,
  threads: number,
): Promise<{ info: ModelInfo; pool: SessionPool }> {
  if (!Number.isInteger(threads) || threads < 1)
    throw new InputError(`threads: ${threads} is not possible; expected a whole number from 1`);
  const [pool, info] = await Promise.allSettled([
    SessionPool.open({ graph, weightsFolder, intraOpThreads: 1 }, threads),
    modelInfo(checkpoint, tokenizer.files, (tensor) => architecture.isNoParameter(tensor), dtype),
  ]);
  if (pool.status === 'rejected') throw pool.reason;
  if (info.status === 'fulfilled') return { info: info.value, pool: pool.value };
  await pool.value.close();
  throw info.reason;
}
