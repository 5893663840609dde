import { InputError, unknownName } from '../../core/errors.js';
import type { ModelInfo } from '../../core/model.js';
import type { Progress } from '../../core/progress.js';
import { systemFields } from '../../core/system-fields.js';
import type { SystemSpec } from '../../core/system-spec.js';
import { cacheFolder } from '../../io/cache-folder.js';
import { modelInfo } from '../checkpoint/checkpoint.js';
import type { BuiltModel } from '../onnx/built-model.js';
import type { OpenModel } from './open-model.js';
import { Int8Weights } from '../quantization/int8-weights.js';
import { openPool, type PoolOptions } from '../runtime/open-pool.js';
import type { SessionPool } from '../runtime/pool.js';
import { providers } from '../runtime/providers.js';

/** Options of running a model that are not fields of a system. */
export interface RunOptions {
  /** Total number of processor threads. */
  readonly threads: number;
  /**
   * Tokens per batch of texts (or of documents with their queries); null for one text per run. Batches change results
   * by 1e-6, because sums are computed in another order. Default: null on the processor, 2048 on a GPU.
   */
  readonly batchTokens?: number | null | undefined;
  /** Reports downloads, and notes settings of the runtime that are not the default. */
  readonly progress?: Progress | undefined;
}

const runOptions = ['model', 'threads', 'batchTokens', 'progress'];

/**
 * Refuses a misspelt option, which would otherwise be ignored. A whole system may be given: its other fields are no options
 * of a model, but not misspelt.
 * @param known names of options besides the model and {@link RunOptions}
 * @throws InputError for an unknown option
 */
export function refuseUnknownOptions(options: object, known: readonly string[]): void {
  const names = [...known, ...runOptions];
  for (const name of Object.keys(options))
    if (!names.includes(name) && !(name in systemFields)) throw unknownName('option', name, names);
}

/**
 * A GPU needs some thousand rows to be busy; one text has tens or hundreds. But the cost per row grows with the batch:
 * attention is computed between all pairs of rows, although the texts do not see each other. For n tokens and a hidden
 * size h, attention takes n / 6h of the operations of the linear layers: here 0.44 for a model of 125M (h = 768) and
 * 0.08 for one of 6B (h = 4096), as much as for one text that fills the positions of a GPT-Neo.
 */
const deviceBatchTokens = 2048;

/**
 * Number of tokens per batch, or null for one text per run.
 * @throws InputError for an invalid number
 */
export function tokensPerBatch({ device, batchTokens }: RunOptions & Pick<SystemSpec, 'device'>): number | null {
  if (batchTokens === undefined) return providers[device].batches ? deviceBatchTokens : null;
  if (batchTokens === null || (Number.isInteger(batchTokens) && batchTokens >= 1)) return batchTokens;
  throw new InputError(`batchTokens: ${batchTokens} is not possible; expected a whole number from 1, or null`);
}

/**
 * Starts workers with the model's weights, and hashes the model's files at the same time. For int8 the files are hashed
 * first, because the hashes identify the cached weights in eight bits.
 * @param build builds the graph, with linear layers in eight bits if it is given their weights
 */
export async function startModel(
  { checkpoint, architecture, tokenizer, dtype }: OpenModel,
  build: (int8: Int8Weights | null) => BuiltModel,
  options: PoolOptions,
): Promise<{ info: ModelInfo; pool: SessionPool }> {
  const isParameter = (tensor: string): boolean => architecture.isParameter(tensor);
  const hash = (): Promise<ModelInfo> => modelInfo(checkpoint, tokenizer.files, isParameter, dtype);
  if (dtype === 'int8') {
    const info = await hash();
    const int8 = new Int8Weights(cacheFolder(), info.files);
    const model = build(int8);
    await int8.prepare();
    return { info, pool: await openPool(model, options) };
  }
  const [pool, info] = await Promise.allSettled([openPool(build(null), options), hash()]);
  if (pool.status === 'rejected') throw pool.reason;
  if (info.status === 'fulfilled') return { info: info.value, pool: pool.value };
  await pool.value.close();
  throw info.reason;
}
