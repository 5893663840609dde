import { createHash } from 'node:crypto';
import { InputError } from '../../core/errors.js';
import type { Matrix } from '../../core/model.js';
import type { StoreDtype } from '../../core/system-fields.js';
import type { StoredFile } from '../backends/backend.js';
import { fromHalf, largestHalf, toHalf } from './half.js';

/**
 * The file of a shard of vectors: a header of 64 bytes (0-7 magic, 8-11 version, 12-15 dtype, 16-19 rows, 20-23 columns,
 * 24-31 zero, 32-63 SHA-256 of bytes 0-31 and the data), then the numbers, row by row; all little-endian.
 */
const magic = 'SGPTVECS';
const formatVersion = 1;
export const headerBytes = 64;
/** Header bytes that the checksum covers. */
const checkedBytes = 32;
const maxBytes = 2 ** 30;
/** Maximum size of a shard's file. */
export const maxShardBytes = headerBytes + maxBytes;

/** Stored number formats, with the header's code. */
const dtypes = { float32: { code: 1, bytes: 4 }, float16: { code: 2, bytes: 2 } } as const;

/**
 * Encodes a shard.
 * @throws RangeError if the data does not fit its shape, or exceeds 1 GiB
 * @throws InputError for a number too large for float16
 */
export function shardBytes({ rows, columns, data }: Matrix, dtype: StoreDtype): Buffer {
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
  const tooLarge = data.find((value) => Math.abs(value) > largestHalf && Number.isFinite(value));
  if (tooLarge !== undefined)
    throw new InputError(
      `a vector has the number ${tooLarge}, beyond the range of float16 (${largestHalf}); store the vectors as float32`,
    );
}

/**
 * Decodes a shard; returns a string that describes the damage, if any. Takes over the file's memory.
 * @param room memory for the numbers, used if they are not stored as float32 and it is large enough
 */
export function parseShard(file: StoredFile, dtype: StoreDtype, room?: Float32Array<ArrayBuffer>): Matrix | string {
  const header = parseHeader(file, dtype);
  if (typeof header === 'string') return header;
  const { rows, columns } = header;
  const { bytes, size } = file;
  if (bytes.length < size) return 'is truncated';
  const hash = createHash('sha256').update(bytes.subarray(0, checkedBytes)).update(bytes.subarray(headerBytes));
  if (!hash.digest().equals(bytes.subarray(checkedBytes, headerBytes))) return 'has a wrong checksum';
  const [start, numbers] = [bytes.byteOffset + headerBytes, rows * columns];
  const data =
    dtype === 'float32'
      ? new Float32Array(bytes.buffer, start, numbers)
      : fromHalf(new Uint16Array(bytes.buffer, start, numbers), room);
  return { rows, columns, data };
}

interface ShardHeader {
  readonly rows: number;
  readonly columns: number;
}

/** Decodes the first bytes of a file and checks the file's size; returns a string that describes the damage, if any. */
export function parseHeader({ size, bytes }: StoredFile, dtype: StoreDtype): ShardHeader | string {
  if (size < headerBytes || bytes.length < headerBytes) return 'is truncated within its header';
  if (bytes.toString('latin1', 0, 8) !== magic) return 'does not start with the magic bytes of a vector shard';
  const [version, code] = [bytes.readUInt32LE(8), bytes.readUInt32LE(12)];
  if (version !== formatVersion || code !== dtypes[dtype].code)
    return `has format ${version} with dtype ${code}, expected ${formatVersion} and ${dtypes[dtype].code} (${dtype})`;
  const [rows, columns] = [bytes.readUInt32LE(16), bytes.readUInt32LE(20)];
  const length = rows * columns * dtypes[dtype].bytes;
  if (length > maxBytes || size !== headerBytes + length)
    return `has ${size} bytes, expected ${headerBytes + length} for [${rows}, ${columns}]`;
  return { rows, columns };
}
