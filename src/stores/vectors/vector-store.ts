import { InputError } from '../../core/errors.js';
import type { Matrix } from '../../core/model.js';
import type { StoreDtype } from '../../core/system-fields.js';
import type { StoreBackend, StoredFile } from '../backends/backend.js';
import { StoreFolder } from '../backends/folder.js';
import { headerBytes, mostShardBytes, parseHeader, parseShard, shardBytes } from './shard-file.js';

export interface VectorStoreOptions {
  /**
   * How numbers are kept on disk: `float16` takes half the room and time to read, and rounds each number to 11 bits.
   * Shards of the two are different files, so that neither is ever taken for the other.
   */
  readonly dtype?: StoreDtype | undefined;
  /** Told of a shard that is damaged; it is removed, and so counts as missing. */
  readonly onDamage?: ((message: string) => void) | undefined;
}

/** A shard's file as it was read, not looked at yet. */
export interface UncheckedShard {
  readonly file: StoredFile;
  readonly dtype: StoreDtype;
  /** Gives back the file's memory, for another one; where it is kept, new memory is taken. */
  readonly release: (memory: ArrayBuffer) => void;
  /** For a damaged shard: tells of it and removes it. @param what is wrong with it @returns the error that ends the work */
  readonly refuse: (what: string) => Promise<InputError>;
}

/** Shards being read while one is used: enough to keep a fast disk busy. */
const shardsAhead = 12;

/**
 * Vectors in a folder or a bucket, addressed by what they were computed from ({@link shardKey}): a run that was stopped finds what it had
 * finished, and runs that need the same vectors share them.
 *
 * A shard is a file PLACE/ab/abcd….vectors (shard-file.ts). Files appear whole or not at all.
 */
export class VectorStore {
  /** How numbers are kept. */
  readonly dtype: StoreDtype;
  readonly #backend: StoreBackend;
  readonly #onDamage: (message: string) => void;

  /** @param backend a folder's path, or an open backend */
  constructor(backend: string | StoreBackend, { dtype, onDamage }: VectorStoreOptions = {}) {
    this.#backend = typeof backend === 'string' ? new StoreFolder(backend) : backend;
    this.dtype = dtype ?? 'float32';
    this.#onDamage = onDamage ?? (() => undefined);
  }

  /** The shard of this key, or undefined where there is none, or none that is whole. */
  async get(key: string): Promise<Matrix | undefined> {
    return this.#read(key, mostShardBytes, (file) => parseShard(file, this.dtype));
  }

  /** Whether there is a shard of this key, by its header and size alone: its data may still turn out to be damaged. */
  async has(key: string): Promise<boolean> {
    return (await this.#read(key, headerBytes, (file) => parseHeader(file, this.dtype))) !== undefined;
  }

  /**
   * The shards of one key after another, reading some of them ahead.
   * @throws InputError for one that is missing or damaged
   */
  async *getAll(keys: Iterable<string>): AsyncGenerator<Matrix> {
    for await (const shard of this.readAll(keys)) {
      const found = parseShard(shard.file, shard.dtype);
      if (typeof found === 'string') throw await shard.refuse(found);
      yield found;
    }
  }

  /**
   * As `getAll`, with the checking and decoding left to whoever uses the shards.
   * @throws InputError for one that is missing
   */
  async *readAll(keys: Iterable<string>): AsyncGenerator<UncheckedShard> {
    const reading: Promise<UncheckedShard>[] = [];
    const free: ArrayBuffer[] = [];
    try {
      for (const key of keys) {
        const shard = this.#readUnchecked(key, free);
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
   * @throws InputError where the backend is full, nothing may be written, or a number is too large for float16
   */
  async put(key: string, matrix: Matrix): Promise<void> {
    await this.#backend.write(this.#nameOf(key), shardBytes(matrix, this.dtype));
  }

  /** Whether there is a shard of every one of these keys; see {@link has}. */
  async hasAll(keys: readonly string[]): Promise<boolean> {
    return (await Promise.all(keys.map((key) => this.has(key)))).every(Boolean);
  }

  /** Keeps one matrix per key. */
  async putAll(keys: readonly string[], matrices: readonly Matrix[]): Promise<void> {
    await Promise.all(matrices.map((matrix, i) => this.put(keys[i]!, matrix)));
  }

  async #readUnchecked(key: string, free: ArrayBuffer[]): Promise<UncheckedShard> {
    const name = this.#nameOf(key);
    const file = await this.#backend.read(name, mostShardBytes, free.pop());
    if (file === undefined) throw lost(key);
    return {
      file,
      dtype: this.dtype,
      release: (memory) => void free.push(memory),
      refuse: async (what) => {
        await this.#discard(name, what);
        return lost(key);
      },
    };
  }

  async #read<T>(key: string, mostBytes: number, parse: (file: StoredFile) => T | string): Promise<T | undefined> {
    const name = this.#nameOf(key);
    const file = await this.#backend.read(name, mostBytes);
    if (file === undefined) return undefined;
    const found = parse(file);
    if (typeof found !== 'string') return found;
    await this.#discard(name, found);
    return undefined;
  }

  async #discard(name: string, what: string): Promise<void> {
    this.#onDamage(`${this.#backend.address}/${name}: ${what}; the vectors are computed again`);
    // What `has` cannot see must not be there for the next run. Where nothing can be deleted, it will be told of again.
    await this.#backend.remove(name).catch(() => undefined);
  }

  #nameOf(key: string): string {
    if (!/^[0-9a-f]{64}$/.test(key)) throw new RangeError(`"${key}" is no shard key (64 hex digits)`);
    const suffix = this.dtype === 'float32' ? '' : '.float16';
    return `${key.slice(0, 2)}/${key}${suffix}.vectors`;
  }
}

function lost(key: string): InputError {
  return new InputError(
    `the stored vectors ${key} were damaged or deleted meanwhile; run the same command again to compute them anew`,
  );
}
