import { isUtf8 } from 'node:buffer';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { pipeline, type Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { InputError, messageOf } from '../core/errors.js';
import { isErrno } from './files.js';

/** Bytes asked for at a time, and so about the size of a block. */
const chunkBytes = 1 << 20;
/** A line may not be longer: a string of V8 ends at 512 MiB, and a file without line ends is no text file of ours. */
const maxLineBytes = 256 << 20;

const newline = 0x0a;

/** Whole lines as they are in the file, each with its terminator (the file's last may have none). */
export interface LineBlock {
  /** Number of the first line, from 1. */
  readonly firstLine: number;
  /** Where the bytes start in the file (in what gzip unpacks to), for reading a line again by its position. */
  readonly offset: number;
  readonly bytes: Buffer;
}

/**
 * Reads a text file as blocks of whole lines, in bounded memory. Gzip is recognized by its magic number, not by the
 * file's name; a byte order mark at the start is removed.
 * @param path the file
 * @param maxLine longest line allowed, in bytes; at least a mebibyte
 * @throws InputError for a file that cannot be read, broken gzip, invalid UTF-8 (with its line) and a line too long
 */
export async function* lineBlocks(path: string, maxLine = maxLineBytes): AsyncGenerator<LineBlock> {
  let firstLine = 1;
  let offset = 0;
  let pending: Buffer[] = [];
  let pendingBytes = 0;
  for await (const chunk of byteChunks(path)) {
    const end = chunk.lastIndexOf(newline) + 1;
    if (pendingBytes + (end === 0 ? chunk.length : chunk.indexOf(newline)) > maxLine)
      throw new InputError(`${path}: line ${firstLine} is longer than ${maxLine} bytes; is this a text file?`);
    if (end > 0) {
      const raw = Buffer.concat([...pending, chunk.subarray(0, end)]);
      yield blockOf(raw, path, firstLine, offset);
      firstLine += countNewlines(raw);
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
  const bytes = withoutMark(raw, firstLine);
  requireUtf8(bytes, path, firstLine);
  return { firstLine, offset: offset + raw.length - bytes.length, bytes };
}

/**
 * A block's lines without their terminators (LF or CRLF). Empty lines are kept, so that line numbers hold; what follows
 * the last terminator counts only if it is not empty.
 */
export function linesOf({ bytes }: LineBlock): string[] {
  const text = bytes.toString('utf8');
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  if (text.includes('\r')) lines.forEach((line, i) => line.endsWith('\r') && (lines[i] = line.slice(0, -1)));
  return lines;
}

/** The file's bytes, unpacked if it is gzip. */
async function* byteChunks(path: string): AsyncGenerator<Buffer> {
  const file = createReadStream(path, { highWaterMark: chunkBytes });
  let packed = false;
  try {
    await once(file, 'readable');
    const head = file.read(2) as Buffer | null;
    if (head !== null) file.unshift(head);
    packed = head?.length === 2 && head[0] === 0x1f && head[1] === 0x8b;
    yield* (packed ? unpacked(file) : file) as AsyncIterable<Buffer>;
  } catch (error) {
    if (isErrno(error, 'ENOENT')) throw new InputError(`${path}: there is no such file`);
    if (isErrno(error, 'EISDIR')) throw new InputError(`${path}: is a folder; expected a file`);
    if (packed) throw new InputError(`${path}: is broken gzip (${messageOf(error)}); fetch or write it again`);
    throw new InputError(`${path}: cannot be read (${messageOf(error)})`);
  } finally {
    file.destroy();
  }
}

/** The callback has nothing to do: a failure of either stream destroys the other and reaches whoever iterates. */
function unpacked(file: Readable): Readable {
  return pipeline(file, createGunzip({ chunkSize: chunkBytes }), () => undefined);
}

function withoutMark(bytes: Buffer, firstLine: number): Buffer {
  const marked = firstLine === 1 && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  return marked ? bytes.subarray(3) : bytes;
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
