import { createHash } from 'node:crypto';
import { InputError } from '../../core/errors.js';
import type { Matrix } from '../../core/model.js';
import type { StoreDtype } from '../../core/system-fields.js';
import type { StoredFile } from '../backends/backend.js';
import { fromHalf, largestHalf, toHalf } from './half.js';

/**
 * The format of a shard of vectors: a header of 64 bytes (0-7 magic, 8-11 version, 12-15 dtype, 16-19 rows, 20-23 columns,
 * 24-31 zero, 32-63 SHA-256 of bytes 0-31 and the data), then the numbers, row by row; all little-endian.
 */
const magic = 'SGPTVECS';
const formatVersion = 1;
export const headerBytes = 64;
/** What the checksum covers of the header. */
const checkedBytes = 32;
const maxBytes = 2 ** 30;
/** The most that a whole shard takes. */
export const mostShardBytes = headerBytes + maxBytes;

/** Numbers as they are stored; the value is the header's code. */
const dtypes = { float32: { code: 1, bytes: 4 }, float16: { code: 2, bytes: 2 } } as const;

/**
 * The bytes of a shard.
 * @throws RangeError for a shape that does not fit, or more than 1 GiB
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
  const beyond = data.find((value) => Math.abs(value) > largestHalf && Number.isFinite(value));
  if (beyond !== undefined)
    throw new InputError(
      `a vector has the number ${beyond}, beyond the range of float16 (${largestHalf}); let it be stored as float32`,
    );
}

/**
 * The shard that a file is; a text says what is wrong with it. Takes over the file's memory.
 * @param room for the numbers, used where they are not float32 already and it is large enough
 */
export function parseShard(file: StoredFile, dtype: StoreDtype, room?: Float32Array<ArrayBuffer>): Matrix | string {
  const header = parseHeader(file, dtype);
  if (typeof header === 'string') return header;
  const { rows, columns } = header;
  const { bytes, size } = file;
  if (bytes.length < size) return 'is cut off';
  const hash = createHash('sha256').update(bytes.subarray(0, checkedBytes)).update(bytes.subarray(headerBytes));
  if (!hash.digest().equals(bytes.subarray(checkedBytes, headerBytes)))
    return 'does not have the checksum it was written with';
  const [place, numbers] = [bytes.byteOffset + headerBytes, rows * columns];
  const data =
    dtype === 'float32'
      ? new Float32Array(bytes.buffer, place, numbers)
      : fromHalf(new Uint16Array(bytes.buffer, place, numbers), room);
  return { rows, columns, data };
}

interface ShardHeader {
  readonly rows: number;
  readonly columns: number;
}

/** Reads the header, the first bytes of a file, and checks that the file has the size it says; a text says what is wrong. */
export function parseHeader({ size, bytes }: StoredFile, dtype: StoreDtype): ShardHeader | string {
  if (size < headerBytes || bytes.length < headerBytes) return 'is cut off within its header';
  if (bytes.toString('latin1', 0, 8) !== magic) return 'does not start as a shard of vectors does';
  const [version, code] = [bytes.readUInt32LE(8), bytes.readUInt32LE(12)];
  if (version !== formatVersion || code !== dtypes[dtype].code)
    return `has format ${version} with dtype ${code}, expected ${formatVersion} and ${dtypes[dtype].code} (${dtype})`;
  const [rows, columns] = [bytes.readUInt32LE(16), bytes.readUInt32LE(20)];
  const length = rows * columns * dtypes[dtype].bytes;
  if (length > maxBytes || size !== headerBytes + length)
    return `has ${size} bytes, expected ${headerBytes + length} for [${rows}, ${columns}]`;
  return { rows, columns };
}
