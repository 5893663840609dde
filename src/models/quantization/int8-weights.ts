import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { InputError, messageOf } from '../../core/errors.js';
import { isErrno, sha256, writeFileAtomic } from '../../io/files.js';
import { elements, type TensorSource } from '../checkpoint/tensors.js';
import { int8Version, quantize, type WeightLayout } from './int8.js';
import { readFloats } from './tensor-values.js';

/** Where a layer's weights in eight bits are: `values` bytes, then the scales, four bytes each. */
export interface Int8File {
  readonly path: string;
  readonly values: { readonly offset: number; readonly length: number };
  readonly scales: { readonly offset: number; readonly length: number };
}

interface Wanted {
  readonly tensor: TensorSource;
  readonly layout: WeightLayout;
  readonly file: Int8File;
}

/** A checkpoint's weights in eight bits, made once and kept: a file a tensor, in a folder of the checkpoint's own. */
export class Int8Weights {
  /** Holds all the files. */
  readonly folder: string;
  private readonly wanted = new Map<string, Wanted>();

  /**
   * @param cache folder for such things (cacheFolder())
   * @param fingerprint what the checkpoint's files are, by name: their SHA-256
   */
  constructor(cache: string, fingerprint: Readonly<Record<string, string>>) {
    const files = Object.entries(fingerprint).sort(([a], [b]) => (a < b ? -1 : 1));
    this.folder = join(cache, `int8-${int8Version}`, sha256(JSON.stringify(files)));
  }

  /** Where the weights of this tensor of two dimensions will be, once they are {@link prepare}d. */
  plan(tensor: TensorSource, layout: WeightLayout): Int8File {
    const key = `${tensor.name} ${layout}`;
    const known = this.wanted.get(key);
    if (known !== undefined) return known.file;
    const length = elements(tensor);
    const file = {
      path: join(this.folder, `${fileName(tensor.name)}.${layout}`),
      values: { offset: 0, length },
      scales: { offset: length, length: 4 * outputsOf(tensor, layout) },
    };
    this.wanted.set(key, { tensor, layout, file });
    return file;
  }

  /** Makes what is not there yet. */
  async prepare(): Promise<void> {
    try {
      await mkdir(this.folder, { recursive: true });
    } catch (error) {
      throw new InputError(
        `${this.folder}: cannot be made (${messageOf(error)}); weights in eight bits are kept there, ` +
          'name another folder in SGPT_BENCH_CACHE',
      );
    }
    for (const { tensor, layout, file } of this.wanted.values()) {
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

/** A tensor may have any name; a file may not. */
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
