import { createHash } from 'node:crypto';
import { InputError } from '../../core/errors.js';
import type { Matrix } from '../../core/model.js';
import type { StoreDtype } from '../../core/system-fields.js';
import type { StoredFile } from '../backends/backend.js';
import type { ShardHealth } from '../../core/sum-health.js';
import { fromHalf, largestHalf, toHalf } from './half.js';
import { infoBytes, parseInfo } from './shard-info.js';

/**
 * The file of a shard of vectors: a header of 1024 bytes (0-7 magic, 8-11 version, 12-15 dtype, 16-19 rows, 20-23 columns,
 * 24-31 zero, 32-63 SHA-256 of bytes 0-31 and everything from byte 64, 64-1023 the shard's description (shard-info.ts)),
 * then the numbers, row by row; all little-endian.
 */
const magic = 'SGPTVECS';
const formatVersion = 2;
export const headerBytes = 1024;
/** Header bytes before the checksum. */
const checkedBytes = 32;
/** Where the description starts. */
const infoStart = 64;
const maxBytes = 2 ** 30;
/** Maximum size of a shard's file. */
export const maxShardBytes = headerBytes + maxBytes;

/** Stored number formats, with the header's code. */
const dtypes = { float32: { code: 1, bytes: 4 }, float16: { code: 2, bytes: 2 } } as const;

/** What is counted and known when a shard is made; its rows of zeros are counted here. */
export type ShardOrigin = Omit<ShardHealth, 'zeroRows'>;

/**
 * Encodes a shard.
 * @throws RangeError if the data does not fit its shape, or exceeds 1 GiB
 * @throws InputError for a number that is not finite, or too large for float16
 */
export function shardBytes(matrix: Matrix, dtype: StoreDtype, origin: ShardOrigin): Buffer {
  const { rows, columns, data } = matrix;
  if (data.length !== rows * columns || data.byteLength > maxBytes)
    throw new RangeError(`a shard of ${data.length} numbers does not fit [${rows}, ${columns}] or is over 1 GiB`);
  requireFinite(matrix);
  if (dtype === 'float16') requireHalves(data);
  const stored = dtype === 'float32' ? data : toHalf(data);
  const header = Buffer.alloc(headerBytes);
  header.write(magic, 'latin1');
  for (const [i, value] of [formatVersion, dtypes[dtype].code, rows, columns].entries())
    header.writeUInt32LE(value, 8 + 4 * i);
  const bytes = new Uint8Array(stored.buffer, stored.byteOffset, stored.byteLength);
  infoBytes({ ...origin, zeroRows: zeroRowsOf(matrix) }, headerBytes - infoStart).copy(header, infoStart);
  checksum(header, bytes).copy(header, checkedBytes);
  return Buffer.concat([header, bytes]);
}

/** @param header of which the checksum's own bytes do not count */
function checksum(header: Uint8Array, data: Uint8Array): Buffer {
  const hash = createHash('sha256').update(header.subarray(0, checkedBytes)).update(header.subarray(infoStart));
  return hash.update(data).digest();
}

function zeroRowsOf({ rows, columns, data }: Matrix): number {
  let zeroRows = 0;
  for (let row = 0; row < rows; row++) {
    const start = row * columns;
    let at = start;
    while (at < start + columns && data[at] === 0) at++;
    if (at === start + columns) zeroRows++;
  }
  return zeroRows;
}

function requireFinite({ columns, data }: Matrix): void {
  const bad = data.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0)
    throw new InputError(
      `row ${Math.floor(bad / columns)} of a shard has the value ${data[bad]!}; only finite numbers are stored`,
    );
}

function requireHalves(data: Float32Array): void {
  const tooLarge = data.find((value) => Math.abs(value) > largestHalf);
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
  const found = bytes.subarray(checkedBytes, infoStart);
  if (!checksum(bytes.subarray(0, headerBytes), bytes.subarray(headerBytes)).equals(found))
    return 'has a wrong checksum';
  const [start, numbers] = [bytes.byteOffset + headerBytes, rows * columns];
  const data =
    dtype === 'float32'
      ? new Float32Array(bytes.buffer, start, numbers)
      : fromHalf(new Uint16Array(bytes.buffer, start, numbers), room);
  return { rows, columns, data };
}

/** The header of a shard's file. */
export interface ShardHeader {
  readonly rows: number;
  readonly columns: number;
  readonly info: ShardHealth;
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
  const info = parseInfo(bytes.subarray(infoStart, headerBytes));
  return info === null ? 'has a damaged description' : { rows, columns, info };
}
