import { createHash, randomBytes } from 'node:crypto';
import { mkdir, open, readdir, readFile, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { InputError } from '../core/errors.js';

/** Bytes of a key: the start of a SHA-256, enough that two contents never meet. */
const keyBytes = 16;
const checkBytes = 4;
const entryBytes = keyBytes + checkBytes;
/** A file of keys begins with a magic of 8 bytes and the number of columns. */
const magic = 'SGPTPAID';
const headerBytes = 12;

interface CachedRow {
  readonly file: string;
  readonly index: number;
  readonly check: string;
}

/** The files that this process writes. */
interface Writer {
  readonly name: string;
  readonly keys: FileHandle;
  readonly rows: FileHandle;
  written: number;
}

/**
 * Numbers that were paid for, by the content they were computed from: text by text, so that one is found again whatever
 * texts it is asked for with, and what arrived before a crash is kept.
 *
 * A folder of file pairs. NAME.rows has rows of float32 (little-endian), one after another; NAME.keys has for each of
 * them 16 bytes of key and 4 of checksum. A row is written before its key, and each process writes files of its own, so
 * that a killed one leaves at most rows without a key, and an incomplete last key, which are not looked at.
 */
export class ContentCache {
  readonly #folder: string;
  readonly #rows = new Map<string, CachedRow>();
  readonly #readers = new Map<string, Promise<FileHandle>>();
  #columns: number | null = null;
  #writer: Writer | null = null;
  #writing: Promise<void> = Promise.resolve();

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * Opens the cache of a folder, which need not be there yet. It takes about 100 bytes of memory a row.
   * @throws InputError for files that do not fit each other
   */
  static async open(folder: string): Promise<ContentCache> {
    const cache = new ContentCache(folder);
    await mkdir(folder, { recursive: true });
    const names = (await readdir(folder)).filter((name) => name.endsWith('.keys')).sort();
    for (const name of names) await cache.#load(name.slice(0, -'.keys'.length));
    return cache;
  }

  /** Numbers a row, once there is any. */
  get columns(): number | null {
    return this.#columns;
  }

  has(key: string): boolean {
    return this.#rows.has(key);
  }

  /** A row, or undefined where there is none, or none that is whole. */
  async get(key: string): Promise<Float32Array | undefined> {
    const row = this.#rows.get(key);
    if (row === undefined) return undefined;
    const numbers = new Float32Array(this.#columns!);
    const bytes = new Uint8Array(numbers.buffer);
    const handle = await this.#reader(row.file);
    const { bytesRead } = await handle.read(bytes, 0, bytes.length, row.index * bytes.length);
    if (bytesRead === bytes.length && checkOf(key, bytes) === row.check) return numbers;
    this.#rows.delete(key);
    return undefined;
  }

  /**
   * Keeps rows. When this resolves, they survive the end of the process.
   * @throws InputError for a row with another number of columns than those before
   */
  async put(entries: readonly (readonly [key: string, row: Float32Array])[]): Promise<void> {
    for (const [, { length }] of entries) this.requireColumns(length);
    const before = this.#writing;
    this.#writing = (async (): Promise<void> => {
      await before.catch(() => undefined);
      try {
        await this.#append(entries);
      } catch (error) {
        await this.#endFiles(); // what was written last may be half there: rows after it would be out of step
        throw error;
      }
    })();
    await this.#writing;
  }

  /** @throws InputError unless rows have so many numbers; the first call says how many */
  requireColumns(columns: number): void {
    this.#columns ??= columns;
    if (columns === this.#columns) return;
    throw new InputError(
      `the endpoint gives vectors of ${columns} numbers, but of ${this.#columns} before; is it another model under the same ` +
        `name? If it is, delete ${this.#folder}, where those before are kept`,
    );
  }

  async close(): Promise<void> {
    await this.#writing.catch(() => undefined);
    const readers = await Promise.all(this.#readers.values());
    this.#readers.clear();
    await Promise.all([...readers.map((handle) => handle.close()), this.#endFiles()]);
  }

  async #load(name: string): Promise<void> {
    const bytes = await readFile(join(this.#folder, `${name}.keys`));
    if (bytes.length < headerBytes) return;
    if (bytes.toString('latin1', 0, 8) !== magic) {
      throw new InputError(`${join(this.#folder, name)}.keys: is no file of this program; delete it`);
    }
    this.requireColumns(bytes.readUInt32LE(8));
    for (let at = headerBytes; at + entryBytes <= bytes.length; at += entryBytes) {
      const key = bytes.toString('hex', at, at + keyBytes);
      const check = bytes.toString('hex', at + keyBytes, at + entryBytes);
      this.#rows.set(key, { file: name, index: (at - headerBytes) / entryBytes, check });
    }
  }

  async #append(entries: readonly (readonly [string, Float32Array])[]): Promise<void> {
    const writer = (this.#writer ??= await this.#startFiles());
    const checks = entries.map(([key, row]) => checkOf(key, bytesOf(row)));
    await writer.rows.appendFile(Buffer.concat(entries.map(([, row]) => bytesOf(row))));
    await writer.keys.appendFile(Buffer.from(entries.map(([key], i) => key + checks[i]!).join(''), 'hex'));
    entries.forEach(([key], i) => {
      this.#rows.set(key, { file: writer.name, index: writer.written++, check: checks[i]! });
    });
  }

  async #endFiles(): Promise<void> {
    const writer = this.#writer;
    this.#writer = null;
    await Promise.all([writer?.keys.close(), writer?.rows.close()]);
  }

  async #startFiles(): Promise<Writer> {
    const name = randomBytes(8).toString('hex');
    const path = join(this.#folder, name);
    const header = Buffer.alloc(headerBytes);
    header.write(magic, 'latin1');
    header.writeUInt32LE(this.#columns!, 8);
    const rows = await open(`${path}.rows`, 'wx');
    const keys = await open(`${path}.keys`, 'wx');
    await keys.appendFile(header);
    return { name, keys, rows, written: 0 };
  }

  #reader(name: string): Promise<FileHandle> {
    const known = this.#readers.get(name) ?? open(join(this.#folder, `${name}.rows`));
    this.#readers.set(name, known);
    return known;
  }
}

/** The key of a content, given as text that says all of it. */
export function contentKey(content: string): string {
  return createHash('sha256')
    .update(content)
    .digest('hex')
    .slice(0, 2 * keyBytes);
}

function checkOf(key: string, row: Uint8Array): string {
  return createHash('sha256')
    .update(key, 'hex')
    .update(row)
    .digest('hex')
    .slice(0, 2 * checkBytes);
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
