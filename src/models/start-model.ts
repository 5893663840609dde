import type { ModelInfo } from '../core/model.js';
import { cacheFolder } from './cache-folder.js';
import { modelInfo } from './checkpoint/checkpoint.js';
import type { Model } from './onnx/encoder-graph.js';
import type { Dtype, OpenModel } from './open-model.js';
import { Int8Weights } from './quantization/int8-weights.js';
import type { Device } from './runtime/messages.js';
import { openPool, type PoolOptions } from './runtime/open-pool.js';
import type { SessionPool } from './runtime/pool.js';

/** How a model is run; all but `dtype` leave the results alone. */
export interface ComputeOptions {
  /** Processor threads to use in all. */
  readonly threads: number;
  /** Worker processes, each running one text (or one document with its queries) at a time. Default: see crew.ts. */
  readonly workers?: number | undefined;
  /** `int8`: weights and activations of linear layers in eight bits, faster and a little less exact. Default: `fp32`. */
  readonly dtype?: Dtype | undefined;
  /** What the operators run on. Default: `cpu`. */
  readonly device?: Device | undefined;
}

/**
 * Loads the weights into workers, and reads the files once more for their hashes: at the same time, or before where the
 * weights in eight bits go by the hashes.
 * @param build makes the graph, with linear layers in eight bits if it is given where to find them
 */
export async function startModel(
  { checkpoint, architecture, tokenizer, dtype }: OpenModel,
  build: (int8: Int8Weights | null) => Model,
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
