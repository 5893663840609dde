import { createHash, randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { z } from 'zod';
import { InputError, inputErrorOf, messageOf } from '../core/errors.js';
import { isErrno } from '../core/system-errors.js';
import { makeFolder } from './folders.js';

export { isErrno } from '../core/system-errors.js';

/**
 * Writes a file atomically: temporary file, fsync, rename. Creates missing folders. If writing fails, an existing file
 * stays as it was.
 * @throws InputError naming the file and the reason: a full disk, a path below a file, missing permissions …
 */
export async function writeFileAtomic(
  path: string,
  data: string | Uint8Array | AsyncIterable<Uint8Array | string>,
): Promise<void> {
  await makeFolder(dirname(path));
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`);
  // Only faults of writing are about this path; `data` may fail with its own.
  const write = async <T>(work: Promise<T>): Promise<T> =>
    work.catch((error: unknown) => {
      throw inputErrorOf(error, `${path}: cannot be written`);
    });
  try {
    const handle = await write(open(temporary, 'wx'));
    try {
      if (typeof data === 'string' || data instanceof Uint8Array) await write(handle.writeFile(data));
      else for await (const chunk of data) await write(handle.appendFile(chunk));
      await write(handle.sync());
    } finally {
      await handle.close();
    }
    await write(rename(temporary, path));
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** SHA-256 of a file's bytes, in lower-case hex. */
export async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash);
  return hash.digest('hex');
}

/** SHA-256 of bytes, or of a text's UTF-8 bytes, in lower-case hex. */
export function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}

/** True if there is a file or folder at the path. */
export async function exists(path: string): Promise<boolean> {
  return (await kindOf(path)) !== 'missing';
}

/** The kind of the path's entry; links are followed. */
export async function kindOf(path: string): Promise<'file' | 'folder' | 'missing'> {
  try {
    return (await stat(path)).isDirectory() ? 'folder' : 'file';
  } catch (error) {
    if (isErrno(error, 'ENOENT') || isErrno(error, 'ENOTDIR')) return 'missing';
    throw inputErrorOf(error, `${path}: cannot be looked at`);
  }
}

/**
 * Reads a JSON file and checks it against a schema.
 * @param expected what the file should be, for errors
 * @throws InputError naming the file, and the field that does not match
 */
export async function readJson<T>(path: string, schema: z.ZodType<T>, expected: string): Promise<T> {
  const text = (await readBounded(path, expected)).toString('utf8');
  let value: unknown;
  try {
    value = JSON.parse(text.replace(/^\ufeff/, ''));
  } catch (error) {
    throw new InputError(`${path}: is not valid JSON (${messageOf(error)}); expected ${expected}`);
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const field = issue === undefined || issue.path.length === 0 ? 'the top level' : `field "${issue.path.join('.')}"`;
  throw new InputError(`${path}: ${field}: ${issue?.message ?? 'does not match'}; expected ${expected}`);
}

/** Largest JSON file that is read: the tokenizers of the largest vocabularies have some 30 MB. */
export const maxJsonBytes = 256 << 20;

/** Reads a whole file, but never more than {@link maxJsonBytes}: a device, or a file of another kind, may have no end. */
async function readBounded(path: string, expected: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes > maxJsonBytes)
        throw new InputError(`${path}: is larger than ${maxJsonBytes >> 20} MiB; expected ${expected}`);
    }
  } catch (error) {
    if (error instanceof InputError) throw error;
    if (isErrno(error, 'ENOENT')) throw new InputError(`${path}: there is no such file; expected ${expected}`);
    throw new InputError(`${path}: cannot be read (${messageOf(error)})`);
  }
  return Buffer.concat(chunks);
}
