import { open, readdir, rm, stat, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { InputError, messageOf } from '../core/errors.js';
import { isErrno, writeFileAtomic } from '../core/files.js';
import type { Matrix } from '../core/model.js';
import { readHeader, readShard, shardBytes, type ShardDtype } from './shard-file.js';

export interface EmbeddingStoreOptions {
  /**
   * How numbers are kept on disk: `float16` takes half the room and time to read, and rounds each number to 11 bits.
   * Shards of the two are different files, so that neither is ever taken for the other.
   */
  readonly dtype?: ShardDtype | undefined;
  /** Told of a shard that is damaged; it is removed, and so counts as missing. */
  readonly onDamage?: ((message: string) => void) | undefined;
}

/** Shards being read while one is used: enough to keep a fast disk busy. */
const shardsAhead = 8;
/** Errors of writing that are not this program's. */
const userFaults = ['ENOSPC', 'EDQUOT', 'EACCES', 'EPERM', 'EROFS', 'ENOTDIR'];
/** A temporary file older than this was left by a writer that was killed. */
const staleMilliseconds = 24 * 60 * 60 * 1000;

/**
 * Vectors on disk, addressed by what they were computed from ({@link shardKey}): a run that was stopped finds what it had
 * finished, and runs that need the same vectors share them.
 *
 * A shard is a file FOLDER/ab/abcd….vectors (shard-file.ts). Files appear whole or not at all.
 */
export class EmbeddingStore {
  /** How numbers are kept. */
  readonly dtype: ShardDtype;
  readonly #folder: string;
  readonly #onDamage: (message: string) => void;
  /** Folders that were looked through for leftovers. */
  readonly #swept = new Set<string>();

  constructor(folder: string, { dtype, onDamage }: EmbeddingStoreOptions = {}) {
    this.#folder = folder;
    this.dtype = dtype ?? 'float32';
    this.#onDamage = onDamage ?? (() => undefined);
  }

  /** The shard of this key, or undefined where there is none, or none that is whole. */
  async get(key: string): Promise<Matrix | undefined> {
    return this.#open(key, (handle) => readShard(handle, this.dtype));
  }

  /** Whether there is a shard of this key, by its header and size alone: its data may still turn out to be damaged. */
  async has(key: string): Promise<boolean> {
    return (await this.#open(key, (handle) => readHeader(handle, this.dtype))) !== undefined;
  }

  /** As `get` for one key after another, reading some of them ahead. */
  async *getAll(keys: Iterable<string>): AsyncGenerator<Matrix | undefined> {
    const reading: Promise<Matrix | undefined>[] = [];
    try {
      for (const key of keys) {
        const shard = this.get(key);
        shard.catch(() => undefined); // seen when its turn comes
        reading.push(shard);
        if (reading.length > shardsAhead) yield await reading.shift()!;
      }
      while (reading.length > 0) yield await reading.shift()!;
    } finally {
      await Promise.allSettled(reading);
    }
  }

  /**
   * Keeps a shard; safe against crashes, and against another process that writes the same one.
   * @throws InputError where the disk is full, nothing may be written, or a number is too large for float16
   */
  async put(key: string, matrix: Matrix): Promise<void> {
    const path = this.#pathOf(key);
    const bytes = shardBytes(matrix, this.dtype);
    await this.#sweep(dirname(path));
    try {
      await writeFileAtomic(path, bytes);
    } catch (error) {
      if (!userFaults.some((code) => isErrno(error, code))) throw error;
      throw new InputError(
        `${path}: cannot be written (${messageOf(error)}); see to it, and run the same command again to go on`,
      );
    }
  }

  async #open<T>(key: string, read: (handle: FileHandle) => Promise<T | string>): Promise<T | undefined> {
    const path = this.#pathOf(key);
    let handle: FileHandle;
    try {
      handle = await open(path);
    } catch (error) {
      if (isErrno(error, 'ENOENT')) return undefined;
      throw error;
    }
    try {
      const found = await read(handle);
      if (typeof found !== 'string') return found;
      this.#onDamage(`${path}: ${found}; the vectors are computed again`);
    } finally {
      await handle.close();
    }
    // What `has` cannot see must not be there for the next run. Where nothing can be deleted, it will be told of again.
    await rm(path, { force: true }).catch(() => undefined);
    return undefined;
  }

  /** Removes what killed writers left in a folder of shards, the first time it is written to. */
  async #sweep(folder: string): Promise<void> {
    if (this.#swept.has(folder)) return;
    this.#swept.add(folder);
    const names = await readdir(folder).catch(() => []);
    for (const name of names.filter((other) => other.endsWith('.tmp'))) {
      const path = join(folder, name);
      const modified = await stat(path).then(
        ({ mtimeMs }) => mtimeMs,
        () => Infinity, // gone already
      );
      if (modified < Date.now() - staleMilliseconds) await rm(path, { force: true });
    }
  }

  #pathOf(key: string): string {
    if (!/^[0-9a-f]{64}$/.test(key)) throw new RangeError(`"${key}" is no shard key (64 hex digits)`);
    const suffix = this.dtype === 'float32' ? '' : '.float16';
    return join(this.#folder, key.slice(0, 2), `${key}${suffix}.vectors`);
  }
}
