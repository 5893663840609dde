import { createHash, randomBytes } from 'node:crypto';
import { open, readdir, readFile, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { InputError } from '../core/errors.js';
import { makeFolder } from '../io/folders.js';

/** Length of a key, the start of a SHA-256: collisions are negligible. */
const keyBytes = 16;
const checksumBytes = 4;
const entryBytes = keyBytes + checksumBytes;
/** The header of a .keys file: 8 bytes of magic, then the number of columns (uint32, little-endian). */
const magic = 'SGPTPAID';
const headerBytes = 12;

interface CachedRow {
  /** Without extension. */
  readonly file: string;
  readonly index: number;
  readonly checksum: string;
}

/** The files that this process writes. */
interface Writer {
  readonly name: string;
  readonly keys: FileHandle;
  readonly rows: FileHandle;
  /** Rows so far. */
  written: number;
}

/**
 * Cache of a hosted model's answers: a row of float32 per text or pair, by a hash of its content. Caching single texts
 * gives cache hits in any batch, and keeps the rows received before a crash.
 *
 * A folder of file pairs: NAME.rows has rows of float32 (little-endian); NAME.keys has a header and, per row, 16 bytes of
 * key and 4 of checksum. A row is written before its key, and each process writes its own files. So a killed process
 * leaves at most rows without a key and an incomplete last key, which are ignored.
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
   * Opens the cache in a folder, which is created if missing. Takes about 100 bytes of memory per row.
   * @throws InputError for foreign files, and for files with different numbers of columns
   */
  static async open(folder: string): Promise<ContentCache> {
    const cache = new ContentCache(folder);
    await makeFolder(folder);
    const names = (await readdir(folder)).filter((name) => name.endsWith('.keys')).sort();
    for (const name of names) await cache.#load(name.slice(0, -'.keys'.length));
    return cache;
  }

  /** Numbers per row; null while the cache is empty. */
  get columns(): number | null {
    return this.#columns;
  }

  has(key: string): boolean {
    return this.#rows.has(key);
  }

  /** Reads a row; undefined if it is missing, or damaged (then it is removed from the index). */
  async get(key: string): Promise<Float32Array | undefined> {
    const row = this.#rows.get(key);
    if (row === undefined) return undefined;
    const numbers = new Float32Array(this.#columns!);
    const bytes = new Uint8Array(numbers.buffer);
    const handle = await this.#reader(row.file);
    const { bytesRead } = await handle.read(bytes, 0, bytes.length, row.index * bytes.length);
    if (bytesRead === bytes.length && checksumOf(key, bytes) === row.checksum) return numbers;
    this.#rows.delete(key);
    return undefined;
  }

  /**
   * Writes rows. When this resolves, they survive the end of the process.
   * @throws InputError for a row with another number of columns than the cache
   */
  async put(entries: readonly (readonly [key: string, row: Float32Array])[]): Promise<void> {
    for (const [, { length }] of entries) this.requireColumns(length);
    const before = this.#writing;
    this.#writing = (async (): Promise<void> => {
      await before.catch(() => undefined);
      try {
        await this.#append(entries);
      } catch (error) {
        await this.#closeWriter(); // a partial write would misalign the rows after it, so they go to new files
        throw error;
      }
    })();
    await this.#writing;
  }

  /** Checks the number of columns; the first call sets it. @throws InputError if it differs */
  requireColumns(columns: number): void {
    this.#columns ??= columns;
    if (columns === this.#columns) return;
    throw new InputError(
      `the endpoint returns vectors of ${columns} numbers, but the cached ones have ${this.#columns}; if it is another model ` +
        `under the same name, delete the cache folder ${this.#folder}`,
    );
  }

  async close(): Promise<void> {
    await this.#writing.catch(() => undefined);
    const readers = await Promise.all(this.#readers.values());
    this.#readers.clear();
    await Promise.all([...readers.map((handle) => handle.close()), this.#closeWriter()]);
  }

  async #load(name: string): Promise<void> {
    const bytes = await readFile(join(this.#folder, `${name}.keys`));
    if (bytes.length < headerBytes) return;
    if (bytes.toString('latin1', 0, 8) !== magic) {
      throw new InputError(`${join(this.#folder, name)}.keys: is not a cache file of sgpt-bench; delete it`);
    }
    this.requireColumns(bytes.readUInt32LE(8));
    for (let at = headerBytes; at + entryBytes <= bytes.length; at += entryBytes) {
      const key = bytes.toString('hex', at, at + keyBytes);
      const checksum = bytes.toString('hex', at + keyBytes, at + entryBytes);
      this.#rows.set(key, { file: name, index: (at - headerBytes) / entryBytes, checksum });
    }
  }

  async #append(entries: readonly (readonly [string, Float32Array])[]): Promise<void> {
    const writer = (this.#writer ??= await this.#openWriter());
    const checksums = entries.map(([key, row]) => checksumOf(key, bytesOf(row)));
    await writer.rows.appendFile(Buffer.concat(entries.map(([, row]) => bytesOf(row))));
    await writer.keys.appendFile(Buffer.from(entries.map(([key], i) => key + checksums[i]!).join(''), 'hex'));
    entries.forEach(([key], i) => {
      this.#rows.set(key, { file: writer.name, index: writer.written++, checksum: checksums[i]! });
    });
  }

  async #closeWriter(): Promise<void> {
    const writer = this.#writer;
    this.#writer = null;
    await Promise.all([writer?.keys.close(), writer?.rows.close()]);
  }

  async #openWriter(): Promise<Writer> {
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

/** The key of a text that describes the content completely: 32 hex digits. */
export function contentKey(content: string): string {
  return createHash('sha256')
    .update(content)
    .digest('hex')
    .slice(0, 2 * keyBytes);
}

function checksumOf(key: string, row: Uint8Array): string {
  return createHash('sha256')
    .update(key, 'hex')
    .update(row)
    .digest('hex')
    .slice(0, 2 * checksumBytes);
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
