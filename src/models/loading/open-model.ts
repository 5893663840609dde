import { join } from 'node:path';
import { unknownName } from '../../core/errors.js';
import type { Progress } from '../../core/progress.js';
import { dtypes, type Dtype } from '../../core/system-fields.js';
import { exists, sha256OfFile } from '../../io/files.js';
import { architectureOf, type Architecture } from '../architectures/index.js';
import { openCheckpoint, type Checkpoint } from '../checkpoint/checkpoint.js';
import { mergeAdapter, openBase } from './adapter.js';
import { readAdapterConfig } from './adapter-config.js';
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
  const adapter = await readAdapterConfig(source.folder);
  const base =
    adapter === null ? await openCheckpoint(source.folder, source) : await openBase(adapter, source.folder, progress);
  const architecture = await architectureOf(base);
  const merged = adapter === null ? base : await mergeAdapter(source, adapter, { base, architecture });
  // An adapter without a tokenizer has its base's.
  const ownTokenizer = adapter === null || (await exists(join(source.folder, 'tokenizer.json')));
  const opened = await openTokenizer(ownTokenizer ? source.folder : base.folder, architecture.vocabularySize);
  const tokenizer = ownTokenizer ? opened : { ...opened, files: [] };
  const checkpoint = ownTokenizer ? merged : await withHashes(merged, base, opened.files);
  const bare = { ...tokenizer, special: { before: [], after: [] } };
  return { checkpoint, architecture, tokenizer: architecture.specialTokens === false ? bare : tokenizer, dtype };
}

/** Adds the hashes of a base's files. */
async function withHashes(checkpoint: Checkpoint, base: Checkpoint, files: readonly string[]): Promise<Checkpoint> {
  const otherHashes: Record<string, string> = { ...checkpoint.otherHashes };
  for (const file of files) otherHashes[`${base.id}/${file}`] = await sha256OfFile(join(base.folder, file));
  return { ...checkpoint, otherHashes };
}
