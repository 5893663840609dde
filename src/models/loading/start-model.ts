import { InputError } from '../../core/errors.js';
import type { ModelInfo } from '../../core/model.js';
import type { Device, Dtype } from '../../core/system-fields.js';
import { cacheFolder } from '../../io/cache-folder.js';
import { modelInfo } from '../checkpoint/checkpoint.js';
import type { BuiltModel } from '../onnx/built-model.js';
import type { OpenModel } from './open-model.js';
import { Int8Weights } from '../quantization/int8-weights.js';
import { openPool, type PoolOptions } from '../runtime/open-pool.js';
import type { SessionPool } from '../runtime/pool.js';
import { providers } from '../runtime/providers.js';

/** How a model is run; all but `dtype` leave the results alone. */
export interface ComputeOptions {
  /** Processor threads to use in all. */
  readonly threads: number;
  /** Worker processes, each running one text (or one document with its queries) at a time. Default: worker-layout.ts chooses. */
  readonly workers?: number | undefined;
  /** `int8`: weights and activations of linear layers in eight bits, faster and a little less exact. Default: `fp32`. */
  readonly dtype?: Dtype | undefined;
  /** What the operators run on. Default: `cpu`. */
  readonly device?: Device | undefined;
  /**
   * Texts (or documents with their queries) are run together, as many as have so many tokens; null: one at a time. Moves
   * results by what adding up in another order does (1e-6). Default: null on the processor, 2048 on a device.
   */
  readonly batchTokens?: number | null | undefined;
}

/**
 * A device needs some thousand rows to be busy; one text has tens or hundreds. But more rows cost more each: attention is
 * worked out over the whole square of a batch, blind as its texts are to each other. For n tokens and a hidden size h that
 * is n / 6h of the linear layers' operations, here 0.44 for a model of 125M (h = 768) and 0.08 for one of 6B (4096); as much
 * as for one text that fills the positions of a GPT-Neo.
 */
const deviceBatchTokens = 2048;

/**
 * Tokens of several texts that one run takes, or null for one text a run.
 * @throws InputError for a number that is not possible
 */
export function batchBudget({ device = 'cpu', batchTokens }: ComputeOptions): number | null {
  if (batchTokens === undefined) return providers[device].batches ? deviceBatchTokens : null;
  if (batchTokens === null || (Number.isInteger(batchTokens) && batchTokens >= 1)) return batchTokens;
  throw new InputError(`batchTokens: ${batchTokens} is not possible; expected a whole number from 1, or null`);
}

/**
 * Loads the weights into workers, and reads the files once more for their hashes: at the same time, or before where the
 * weights in eight bits go by the hashes.
 * @param build makes the graph, with linear layers in eight bits if it is given where to find them
 */
export async function startModel(
  { checkpoint, architecture, tokenizer, dtype }: OpenModel,
  build: (int8: Int8Weights | null) => BuiltModel,
  options: PoolOptions,
): Promise<{ info: ModelInfo; pool: SessionPool }> {
  const isNoParameter = (tensor: string): boolean => architecture.isNoParameter(tensor);
  const hash = (): Promise<ModelInfo> => modelInfo(checkpoint, tokenizer.files, isNoParameter, dtype);
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
