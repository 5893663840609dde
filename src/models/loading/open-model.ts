import { unknownName } from '../../core/errors.js';
import type { Progress } from '../../core/progress.js';
import { dtypes, type Dtype } from '../../core/system-fields.js';
import { architectureOf, type Architecture } from '../architectures/index.js';
import { openCheckpoint, type Checkpoint } from '../checkpoint/checkpoint.js';
import { locateModel, type ModelLocation } from '../hub/index.js';
import { openTokenizer, type Tokenizer } from '../checkpoint/tokenizer.js';

/** An opened model: everything that a graph and its inputs are built from. */
export interface OpenModel {
  readonly checkpoint: Checkpoint;
  readonly architecture: Architecture;
  readonly tokenizer: Tokenizer;
  /**
   * Number type: `fp32`, to which half precision is widened without loss, or `int8` for linear layers (quantization/).
   */
  readonly dtype: Dtype;
}

/**
 * Opens a model: reads everything but the weights.
 * @param model a folder, or a hub id, which is downloaded if necessary
 * @throws InputError for anything missing, broken or not supported
 */
export async function openModel(model: string | ModelLocation, dtype: Dtype, progress?: Progress): Promise<OpenModel> {
  if (!dtypes.some((supported) => supported === dtype)) throw unknownName('dtype', dtype, dtypes);
  const source = typeof model === 'string' ? await locateModel(model, { progress }) : model;
  const checkpoint = await openCheckpoint(source.folder, source);
  const architecture = await architectureOf(checkpoint);
  const tokenizer = await openTokenizer(checkpoint.folder, architecture.vocabularySize);
  return { checkpoint, architecture, tokenizer, dtype };
}
