import type { Matrix } from '../core/model.js';
import type { ShardContent } from '../core/runner.js';
import type { Dtype, StoreDtype } from '../core/system-fields.js';
import { VectorStore, type StoreBackend, type StoredFile } from '../stores/index.js';

/**
 * Largest difference that two processors may cause, relative to the largest number of its row (a text's vector, or all
 * scores of a shard). ONNX Runtime chooses kernels by the processor's instructions; they add in other orders, which changes
 * float32 results by 1e-7 to 1e-5. Stored as float16, a number may then round to its neighbour, 1e-3 away at most. In int8,
 * an activation may round to the next of 255 steps, which later layers carry on.
 */
export function toleranceOf(dtype: Dtype, storeDtype: StoreDtype): number {
  if (dtype === 'int8') return 5e-2;
  return storeDtype === 'float16' ? 2e-3 : 1e-4;
}

/** Reported for shards of different shapes, and for numbers that are not finite. */
const incomparable = 1e9;

/**
 * The largest difference between two shards, relative to the largest number of its row.
 * @returns 0 only for equal bits
 */
export function largestDifference(found: readonly Matrix[], expected: readonly (Matrix | undefined)[]): number {
  if (found.length !== expected.length) return incomparable;
  return Math.max(0, ...found.map((matrix, i) => differenceOf(matrix, expected[i])));
}

function differenceOf(found: Matrix, expected: Matrix | undefined): number {
  if (found.rows !== expected?.rows || found.columns !== expected.columns) return incomparable;
  if (bytesOf(found).equals(bytesOf(expected))) return 0;
  let largest = Number.MIN_VALUE; // the bits differ, if only those of 0 and -0
  for (let row = 0; row < found.rows; row++) {
    const [start, end] = [row * found.columns, (row + 1) * found.columns];
    let scale = 0;
    let difference = 0;
    for (let i = start; i < end; i++) {
      const [a, b] = [found.data[i]!, expected.data[i]!];
      scale = Math.max(scale, Math.abs(a), Math.abs(b));
      difference = Math.max(difference, Math.abs(a - b));
    }
    if (!Number.isFinite(scale)) return incomparable;
    if (difference > 0) largest = Math.max(largest, difference / scale);
  }
  return largest;
}

function bytesOf({ data }: Matrix): Buffer {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
}

/** The numbers as a store would give them back: rounded, if it stores float16. */
export async function asStored(keys: readonly string[], content: ShardContent, dtype: StoreDtype): Promise<Matrix[]> {
  const store = new VectorStore(memoryBackend(), { dtype });
  await store.putAll(keys, content);
  return Promise.all(keys.map(async (key) => (await store.get(key))!));
}

/** A store's files in memory. */
function memoryBackend(): StoreBackend {
  const files = new Map<string, Uint8Array>();
  const write = (name: string, bytes: Uint8Array): Promise<void> => {
    files.set(name, bytes);
    return Promise.resolve();
  };
  return {
    address: 'memory',
    requireUsable: () => Promise.resolve(),
    read(name, maxBytes): Promise<StoredFile | undefined> {
      const file = files.get(name);
      if (file === undefined) return Promise.resolve(undefined);
      // A copy, as the reader takes over the memory.
      const bytes = Buffer.from(new Uint8Array(file.subarray(0, maxBytes)).buffer);
      return Promise.resolve({ size: file.length, bytes });
    },
    write,
    create: write,
    remove(name) {
      files.delete(name);
      return Promise.resolve();
    },
  };
}
