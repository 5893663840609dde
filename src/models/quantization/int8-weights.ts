import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { InputError, messageOf } from '../../core/errors.js';
import { isErrno, sha256, writeFileAtomic } from '../../io/files.js';
import { makeFolder } from '../../io/folders.js';
import { elements, type TensorSource } from '../checkpoint/tensors.js';
import { int8Version, quantize, type WeightLayout } from './int8.js';
import { readFloats } from './tensor-values.js';

/** File with the quantised weights of one tensor: one byte per value, then four bytes per scale. */
export interface Int8File {
  readonly path: string;
  readonly values: { readonly offset: number; readonly length: number };
  readonly scales: { readonly offset: number; readonly length: number };
}

interface PlannedTensor {
  readonly tensor: TensorSource;
  readonly layout: WeightLayout;
  readonly file: Int8File;
}

/** Cache of a checkpoint's weights in eight bits: one file per tensor, in one folder per checkpoint. */
export class Int8Weights {
  /** Folder of all files. */
  readonly folder: string;
  private readonly planned = new Map<string, PlannedTensor>();

  /**
   * @param cache the cache's root folder (cacheFolder())
   * @param fingerprint SHA-256 of each of the checkpoint's files, by file name
   */
  constructor(cache: string, fingerprint: Readonly<Record<string, string>>) {
    const files = Object.entries(fingerprint).sort(([a], [b]) => (a < b ? -1 : 1));
    this.folder = join(cache, `int8-${int8Version}`, sha256(JSON.stringify(files)));
  }

  /** Plans the quantisation of a two-dimensional tensor and returns the file that {@link prepare} will write. */
  plan(tensor: TensorSource, layout: WeightLayout): Int8File {
    const key = `${tensor.name} ${layout}`;
    const planned = this.planned.get(key);
    if (planned !== undefined) return planned.file;
    const length = elements(tensor);
    const file = {
      path: join(this.folder, `${fileName(tensor.name)}.${layout}`),
      values: { offset: 0, length },
      scales: { offset: length, length: 4 * outputsOf(tensor, layout) },
    };
    this.planned.set(key, { tensor, layout, file });
    return file;
  }

  /** Quantises the planned tensors whose files do not exist yet, or have another size. */
  async prepare(): Promise<void> {
    try {
      await makeFolder(this.folder);
    } catch (error) {
      throw new InputError(
        `${this.folder}: this cache folder for int8 weights cannot be created (${messageOf(error)}); ` +
          'set SGPT_BENCH_CACHE to another folder',
      );
    }
    for (const { tensor, layout, file } of this.planned.values()) {
      if ((await sizeOf(file.path)) === file.scales.offset + file.scales.length) continue;
      const outputs = outputsOf(tensor, layout);
      const { values, scales } = quantized(tensor, await readFloats(tensor), outputs, layout);
      await writeFileAtomic(file.path, Buffer.concat([Buffer.from(values.buffer), Buffer.from(scales.buffer)]));
    }
  }
}

function quantized(
  tensor: TensorSource,
  weights: Float32Array,
  outputs: number,
  layout: WeightLayout,
): ReturnType<typeof quantize> {
  try {
    return quantize(weights, weights.length / outputs, outputs, layout);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new InputError(`${tensor.file}: tensor "${tensor.name}": ${error.message}; int8 needs finite ones, use fp32`);
  }
}

function outputsOf({ shape }: TensorSource, layout: WeightLayout): number {
  return shape[layout === 'outputs-first' ? 0 : 1]!;
}

/** The tensor's name, or its hash if the name is not safe as a file name. */
function fileName(tensor: string): string {
  return /^\w[\w.-]{0,150}$/.test(tensor) ? tensor : sha256(tensor);
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
}
