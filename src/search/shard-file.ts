import { createHash, webcrypto } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { InputError } from '../core/errors.js';
import type { Matrix } from '../core/model.js';
import { fromHalf, largestHalf, toHalf } from './half.js';

/**
 * The format of a shard of vectors: a header of 64 bytes (0-7 magic, 8-11 version, 12-15 dtype, 16-19 rows, 20-23 columns,
 * 24-31 zero, 32-63 SHA-256 of bytes 0-31 and the data), then the numbers, row by row; all little-endian.
 */
const magic = 'SGPTVECS';
const formatVersion = 1;
const headerBytes = 64;
/** What the checksum covers of the header. */
const checkedBytes = 32;
const maxBytes = 2 ** 30;

/** Numbers as they are stored; the value is the header's code. */
const dtypes = { float32: { code: 1, bytes: 4 }, float16: { code: 2, bytes: 2 } } as const;
export type ShardDtype = keyof typeof dtypes;

/**
 * The bytes of a shard.
 * @throws RangeError for a shape that does not fit, or more than 1 GiB
 * @throws InputError for a number too large for float16
 */
export function shardBytes({ rows, columns, data }: Matrix, dtype: ShardDtype): Buffer {
  if (data.length !== rows * columns || data.byteLength > maxBytes)
    throw new RangeError(`a shard of ${data.length} numbers does not fit [${rows}, ${columns}] or is over 1 GiB`);
  const stored = dtype === 'float32' ? data : toHalf(data);
  if (dtype === 'float16') requireHalves(data);
  const header = Buffer.alloc(headerBytes);
  header.write(magic, 'latin1');
  for (const [i, value] of [formatVersion, dtypes[dtype].code, rows, columns].entries())
    header.writeUInt32LE(value, 8 + 4 * i);
  const bytes = new Uint8Array(stored.buffer, stored.byteOffset, stored.byteLength);
  createHash('sha256').update(header.subarray(0, checkedBytes)).update(bytes).digest().copy(header, checkedBytes);
  return Buffer.concat([header, bytes]);
}

function requireHalves(data: Float32Array): void {
  const beyond = data.find((value) => Math.abs(value) > largestHalf && Number.isFinite(value));
  if (beyond !== undefined)
    throw new InputError(
      `a vector has the number ${beyond}, beyond the range of float16 (${largestHalf}); let it be stored as float32`,
    );
}

/** Reads a shard; a text says what is wrong with it. Nothing is allocated before the header and the file's size agree. */
export async function readShard(handle: FileHandle, dtype: ShardDtype): Promise<Matrix | string> {
  const header = await readHeader(handle, dtype);
  if (typeof header === 'string') return header;
  const { rows, columns, length } = header;
  // What the checksum covers in one piece, for a digest on a thread of its own.
  const covered = Buffer.allocUnsafeSlow(checkedBytes + length);
  covered.set(header.bytes.subarray(0, checkedBytes));
  if (!(await readFully(handle, covered.subarray(checkedBytes), headerBytes))) return 'is cut off';
  const digest = Buffer.from(await webcrypto.subtle.digest('SHA-256', covered));
  if (!digest.equals(header.bytes.subarray(checkedBytes))) return 'does not have the checksum it was written with';
  const numbers = rows * columns;
  const data =
    dtype === 'float32'
      ? new Float32Array(covered.buffer, checkedBytes, numbers)
      : fromHalf(new Uint16Array(covered.buffer, checkedBytes, numbers));
  return { rows, columns, data };
}

interface ShardHeader {
  readonly rows: number;
  readonly columns: number;
  /** Bytes of data. */
  readonly length: number;
  readonly bytes: Buffer;
}

/** Reads the header and checks that the file has the size it says; a text says what is wrong. */
export async function readHeader(handle: FileHandle, dtype: ShardDtype): Promise<ShardHeader | string> {
  const { size } = await handle.stat();
  const bytes = Buffer.alloc(headerBytes);
  if (size < headerBytes || !(await readFully(handle, bytes, 0))) return 'is cut off within its header';
  if (bytes.toString('latin1', 0, 8) !== magic) return 'does not start as a shard of vectors does';
  const [version, code] = [bytes.readUInt32LE(8), bytes.readUInt32LE(12)];
  if (version !== formatVersion || code !== dtypes[dtype].code)
    return `has format ${version} with dtype ${code}, expected ${formatVersion} and ${dtypes[dtype].code} (${dtype})`;
  const [rows, columns] = [bytes.readUInt32LE(16), bytes.readUInt32LE(20)];
  const length = rows * columns * dtypes[dtype].bytes;
  if (length > maxBytes || size !== headerBytes + length)
    return `has ${size} bytes, expected ${headerBytes + length} for [${rows}, ${columns}]`;
  return { rows, columns, length, bytes };
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
