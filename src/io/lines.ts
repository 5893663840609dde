import { isUtf8 } from 'node:buffer';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { pipeline, type Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { InputError, messageOf } from '../core/errors.js';
import { isErrno } from './files.js';
import { maxUnpackedBytes } from './unpacked-size.js';

/** Read size; a block is about as large. */
const chunkBytes = 1 << 20;
/** V8's strings end at 512 MiB, and a longer line means that the file is not a text file. */
const defaultMaxLineBytes = 256 << 20;

/** Most bytes of blocks (see `chunkBytes`) that hold hardly anything but line ends; the shortest row has four bytes. */
const maxBlankBytes = 256 << 10;
const blankBytesPerLine = 3;

const newline = 0x0a;

/** Whole lines with their terminators (LF or CRLF); the last line of the file may have none. */
export interface LineBlock {
  /** Number of the first line, from 1. */
  readonly firstLine: number;
  /** Position of the first byte in the (decompressed) file, to read a line again. */
  readonly offset: number;
  readonly bytes: Buffer;
}

/**
 * Streams a text file as blocks of whole lines, in bounded memory. Recognizes gzip by its magic number, not by the file's
 * name, and removes a byte order mark.
 * @param maxLineBytes longest line allowed; at least 1 MiB
 * @throws InputError for an unreadable file, broken gzip, gzip that unpacks to far more than text does, millions of blank
 * lines, invalid UTF-8 (naming the line) and a line that is too long
 */
export async function* lineBlocks(path: string, maxLineBytes = defaultMaxLineBytes): AsyncGenerator<LineBlock> {
  let firstLine = 1;
  let offset = 0;
  let pending: Buffer[] = [];
  let pendingBytes = 0;
  let blankBytes = 0;
  for await (const chunk of byteChunks(path)) {
    const end = chunk.lastIndexOf(newline) + 1;
    if (pendingBytes + (end === 0 ? chunk.length : chunk.indexOf(newline)) > maxLineBytes)
      throw new InputError(`${path}: line ${firstLine} is longer than ${maxLineBytes} bytes; is this a text file?`);
    if (end > 0) {
      const raw = Buffer.concat([...pending, chunk.subarray(0, end)]);
      const lines = countNewlines(raw);
      blankBytes += raw.length < blankBytesPerLine * lines ? raw.length : 0;
      if (blankBytes > maxBlankBytes)
        throw new InputError(`${path}: has millions of blank lines before line ${firstLine}; is the file damaged?`);
      yield blockOf(raw, path, firstLine, offset);
      firstLine += lines;
      offset += raw.length;
      [pending, pendingBytes] = [[], 0];
    }
    if (end < chunk.length) {
      pending.push(chunk.subarray(end));
      pendingBytes += chunk.length - end;
    }
  }
  const rest = blockOf(Buffer.concat(pending), path, firstLine, offset);
  if (rest.bytes.length > 0) yield rest;
}

function blockOf(raw: Buffer, path: string, firstLine: number, offset: number): LineBlock {
  const bytes = withoutByteOrderMark(raw, firstLine);
  requireUtf8(bytes, path, firstLine);
  return { firstLine, offset: offset + raw.length - bytes.length, bytes };
}

/**
 * A block's lines without their terminators. Keeps empty lines, so that line numbers stay right; an unterminated last
 * line counts only if it is not empty.
 */
export function linesOf({ bytes }: LineBlock): string[] {
  const text = bytes.toString('utf8');
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  if (text.includes('\r')) lines.forEach((line, i) => line.endsWith('\r') && (lines[i] = line.slice(0, -1)));
  return lines;
}

/** Streams the file's bytes, decompressed if it is gzip. */
async function* byteChunks(path: string): AsyncGenerator<Buffer> {
  const file = createReadStream(path, { highWaterMark: chunkBytes });
  let isGzip = false;
  try {
    await once(file, 'readable');
    const head = file.read(2) as Buffer | null;
    if (head !== null) file.unshift(head);
    isGzip = head?.length === 2 && head[0] === 0x1f && head[1] === 0x8b;
    if (isGzip) yield* boundedRatio(decompressed(file), file, path);
    else yield* file as AsyncIterable<Buffer>;
  } catch (error) {
    if (error instanceof InputError) throw error;
    if (isErrno(error, 'ENOENT')) throw new InputError(`${path}: there is no such file`);
    if (isErrno(error, 'EISDIR')) throw new InputError(`${path}: is a folder; expected a file`);
    if (isGzip) throw new InputError(`${path}: is broken gzip (${messageOf(error)}); download or compress it again`);
    throw new InputError(`${path}: cannot be read (${messageOf(error)})`);
  } finally {
    file.destroy();
  }
}

/** Passes chunks on while they are not far more than the compressed bytes read so far can hold as text. */
async function* boundedRatio(
  chunks: AsyncIterable<Buffer>,
  file: { readonly bytesRead: number },
  path: string,
): AsyncGenerator<Buffer> {
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.length;
    if (bytes > maxUnpackedBytes(file.bytesRead))
      throw new InputError(
        `${path}: unpacks from ${file.bytesRead} to more than ${bytes - chunk.length} bytes, which text does not; unpack it with gunzip if it is meant`,
      );
    yield chunk;
  }
}

/** The callback is empty because the consumer of the stream gets the error of either stream. */
function decompressed(file: Readable): AsyncIterable<Buffer> {
  return pipeline(file, createGunzip({ chunkSize: chunkBytes }), () => undefined) as AsyncIterable<Buffer>;
}

function withoutByteOrderMark(bytes: Buffer, firstLine: number): Buffer {
  const isMarked = firstLine === 1 && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  return isMarked ? bytes.subarray(3) : bytes;
}

function requireUtf8(bytes: Buffer, path: string, firstLine: number): void {
  if (isUtf8(bytes)) return;
  let line = firstLine;
  for (let start = 0; start < bytes.length; line++) {
    const at = bytes.indexOf(newline, start);
    const end = at < 0 ? bytes.length : at;
    if (!isUtf8(bytes.subarray(start, end))) break;
    start = end + 1;
  }
  throw new InputError(`${path}: line ${line} is not valid UTF-8; convert the file to UTF-8`);
}

function countNewlines(bytes: Buffer): number {
  let count = 0;
  for (let at = bytes.indexOf(newline); at >= 0; at = bytes.indexOf(newline, at + 1)) count++;
  return count;
}
