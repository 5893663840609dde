import { createHash } from 'node:crypto';
import { open, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { isErrno, writeFileAtomic } from '../core/files.js';
import type { Matrix } from '../core/model.js';

export interface EmbeddingStoreOptions {
  /** Told of a shard that is damaged; it counts as missing, and the next `put` replaces it. */
  readonly onDamage?: ((message: string) => void) | undefined;
}

/**
 * Vectors on disk, addressed by what they were computed from ({@link shardKey}): a run that was stopped finds what it had
 * finished, and runs that need the same vectors share them.
 *
 * A shard is a file FOLDER/ab/abcd….vectors: a header of 64 bytes (magic, format version, dtype, rows, columns, SHA-256
 * of header fields and data), then the numbers, row-major float32; all little-endian. Files appear whole or not at all.
 */
export class EmbeddingStore {
  readonly #folder: string;
  readonly #onDamage: (message: string) => void;

  constructor(folder: string, { onDamage }: EmbeddingStoreOptions = {}) {
    this.#folder = folder;
    this.#onDamage = onDamage ?? (() => undefined);
  }

  /** The shard of this key, or undefined where there is none, or none that is whole. */
  async get(key: string): Promise<Matrix | undefined> {
    const path = this.#pathOf(key);
    let handle: FileHandle;
    try {
      handle = await open(path);
    } catch (error) {
      if (isErrno(error, 'ENOENT')) return undefined;
      throw error;
    }
    try {
      const found = await readShard(handle);
      if (typeof found !== 'string') return found;
      this.#onDamage(`${path}: ${found}; the vectors are computed again`);
      return undefined;
    } finally {
      await handle.close();
    }
  }

  /** Keeps a shard; safe against crashes, and against another process that writes the same one. */
  async put(key: string, matrix: Matrix): Promise<void> {
    const { rows, columns, data } = matrix;
    if (data.length !== rows * columns || data.byteLength > maxBytes) {
      throw new RangeError(`a shard of ${data.length} numbers does not fit [${rows}, ${columns}] or is over 1 GiB`);
    }
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    await writeFileAtomic(this.#pathOf(key), Buffer.concat([shardHeader(rows, columns, bytes), bytes]));
  }

  #pathOf(key: string): string {
    if (!/^[0-9a-f]{64}$/.test(key)) throw new RangeError(`"${key}" is no shard key (64 hex digits)`);
    return join(this.#folder, key.slice(0, 2), `${key}.vectors`);
  }
}

const magic = 'SGPTVECS';
const formatVersion = 1;
const dtypeFloat32 = 1;
const headerBytes = 64;
const maxBytes = 2 ** 30;

/** Bytes 0-7 magic, 8-11 version, 12-15 dtype, 16-19 rows, 20-23 columns, 24-31 zero, 32-63 SHA-256 of bytes 0-31 and data. */
function shardHeader(rows: number, columns: number, data: Uint8Array): Buffer {
  const header = Buffer.alloc(headerBytes);
  header.write(magic, 'latin1');
  for (const [i, value] of [formatVersion, dtypeFloat32, rows, columns].entries())
    header.writeUInt32LE(value, 8 + 4 * i);
  digestOf(header, data).copy(header, 32);
  return header;
}

function digestOf(header: Buffer, data: Uint8Array): Buffer {
  return createHash('sha256').update(header.subarray(0, 32)).update(data).digest();
}

/** Reads a shard; a text says what is wrong with it. Nothing is allocated before the header and the file's size agree. */
async function readShard(handle: FileHandle): Promise<Matrix | string> {
  const { size } = await handle.stat();
  const header = Buffer.alloc(headerBytes);
  if (size < headerBytes || !(await readFully(handle, header, 0))) return 'is cut off within its header';
  if (header.toString('latin1', 0, 8) !== magic) return 'does not start as a shard of vectors does';
  const [version, dtype] = [header.readUInt32LE(8), header.readUInt32LE(12)];
  if (version !== formatVersion || dtype !== dtypeFloat32)
    return `has format ${version} with dtype ${dtype}, expected 1 and 1`;
  const [rows, columns] = [header.readUInt32LE(16), header.readUInt32LE(20)];
  const length = rows * columns * 4;
  if (length > maxBytes || size !== headerBytes + length) {
    return `has ${size} bytes, expected ${headerBytes + length} for [${rows}, ${columns}]`;
  }
  const data = new Float32Array(rows * columns);
  const bytes = new Uint8Array(data.buffer);
  if (!(await readFully(handle, bytes, headerBytes))) return 'is cut off';
  if (!digestOf(header, bytes).equals(header.subarray(32))) return 'does not have the checksum it was written with';
  return { rows, columns, data };
}

/** Fills the whole buffer from a place in the file; false where the file ends before. */
async function readFully(handle: FileHandle, buffer: Uint8Array, position: number): Promise<boolean> {
  for (let done = 0; done < buffer.length;) {
    const { bytesRead } = await handle.read(buffer, done, buffer.length - done, position + done);
    if (bytesRead === 0) return false;
    done += bytesRead;
  }
  return true;
}
