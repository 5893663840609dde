import { InputError } from '../../core/errors.js';
import type { Matrix } from '../../core/model.js';
import type { ShardContent, ShardInputs } from '../../core/runner.js';
import type { ShardHealth } from '../../core/sum-health.js';
import type { StoreDtype } from '../../core/system-fields.js';
import type { StoreBackend, StoredFile } from '../backends/backend.js';
import { StoreFolder } from '../backends/folder.js';
import { headerBytes, maxShardBytes, parseHeader, parseShard, shardBytes, type ShardHeader } from './shard-file.js';

export interface VectorStoreOptions {
  /**
   * Number format on disk: `float16` halves the space and the time to read, and rounds each number to 11 bits. The two
   * formats have different file names, so that neither is mistaken for the other.
   */
  readonly dtype?: StoreDtype | undefined;
  /** Called with a message when a shard is damaged; it is removed, and so counts as missing. */
  readonly onDamage?: ((message: string) => void) | undefined;
}

/** A shard's file, not checked or decoded yet. */
export interface UncheckedShard {
  readonly file: StoredFile;
  readonly dtype: StoreDtype;
  /** Returns the file's memory to be reused for another shard; calling it is optional. */
  readonly release: (memory: ArrayBuffer) => void;
  /** Reports and removes a damaged shard. @param what describes the damage @returns the error that ends the work */
  readonly refuse: (what: string) => Promise<InputError>;
}

/** Shards that are read ahead: enough to keep a fast disk busy. */
const shardsAhead = 12;

/**
 * Vectors in a folder or a bucket, addressed by a hash of their inputs ({@link shardKey}): a restarted run reuses its
 * finished shards, and runs that need the same vectors share them.
 *
 * A shard is a file ADDRESS/ab/abcd….vectors (shard-file.ts). Files appear whole or not at all.
 */
export class VectorStore {
  /** Number format on disk. */
  readonly dtype: StoreDtype;
  readonly #backend: StoreBackend;
  readonly #onDamage: (message: string) => void;

  /** @param backend a folder's path, or an open backend */
  constructor(backend: string | StoreBackend, { dtype, onDamage }: VectorStoreOptions = {}) {
    this.#backend = typeof backend === 'string' ? new StoreFolder(backend) : backend;
    this.dtype = dtype ?? 'float32';
    this.#onDamage = onDamage ?? (() => undefined);
  }

  /** The shard with this key, all numbers finite; undefined if it is missing or damaged. */
  async get(key: string): Promise<Matrix | undefined> {
    return this.#read(key, maxShardBytes, (file) => parseFinite(file, this.dtype));
  }

  /** True if the shard is stored, judged by header and size only: its data may still turn out to be damaged. */
  async has(key: string): Promise<boolean> {
    return (await this.#header(key)) !== undefined;
  }

  /** What is known of a stored shard's inputs and maker; undefined if it is missing. */
  async health(key: string): Promise<ShardHealth | undefined> {
    return (await this.#header(key))?.info;
  }

  /**
   * The shards of these keys in order, some of them read ahead.
   * @throws InputError for a shard that is missing or damaged
   */
  async *getAll(keys: Iterable<string>): AsyncGenerator<Matrix> {
    for await (const shard of this.readAll(keys)) {
      const found = parseFinite(shard.file, shard.dtype);
      if (typeof found === 'string') throw await shard.refuse(found);
      yield found;
    }
  }

  /**
   * As `getAll`, but the caller checks and decodes the shards.
   * @throws InputError for a shard that is missing
   */
  async *readAll(keys: Iterable<string>): AsyncGenerator<UncheckedShard> {
    const reading: Promise<UncheckedShard>[] = [];
    const freeBuffers: ArrayBuffer[] = [];
    try {
      for (const key of keys) {
        const shard = this.#readUnchecked(key, freeBuffers);
        shard.catch(() => undefined); // awaited in its turn
        reading.push(shard);
        if (reading.length > shardsAhead) yield await reading.shift()!;
      }
      while (reading.length > 0) yield await reading.shift()!;
    } finally {
      await Promise.allSettled(reading);
    }
  }

  /**
   * Stores a shard; safe against crashes, and against another process that writes the same one.
   * @param inputs number of texts or pairs, and their counts; null if they were not counted
   * @throws InputError if the backend is full or read-only, or a number is not finite or too large for float16
   */
  async put(key: string, matrix: Matrix, { inputs, counts }: ShardInputs = uncounted(matrix)): Promise<void> {
    const { thisMaker } = await import('../../io/maker.js');
    const origin = { maker: await thisMaker(), inputs, counts };
    await this.#backend.write(this.#nameOf(key), shardBytes(matrix, this.dtype, origin));
  }

  /** True if all these shards are stored; see {@link has}. */
  async hasAll(keys: readonly string[]): Promise<boolean> {
    return (await this.healthOf(keys)) !== undefined;
  }

  /** The {@link health} of these shards; undefined unless all are stored. */
  async healthOf(keys: readonly string[]): Promise<readonly ShardHealth[] | undefined> {
    const found = await Promise.all(keys.map((key) => this.health(key)));
    return found.every((health) => health !== undefined) ? found : undefined;
  }

  /** Stores one matrix per key. */
  async putAll(keys: readonly string[], { matrices, ...inputs }: ShardContent): Promise<void> {
    await Promise.all(matrices.map((matrix, i) => this.put(keys[i]!, matrix, inputs)));
  }

  #header(key: string): Promise<ShardHeader | undefined> {
    return this.#read(key, headerBytes, (file) => parseHeader(file, this.dtype));
  }

  async #readUnchecked(key: string, freeBuffers: ArrayBuffer[]): Promise<UncheckedShard> {
    const name = this.#nameOf(key);
    const file = await this.#backend.read(name, maxShardBytes, freeBuffers.pop());
    if (file === undefined) throw lostShard(key);
    return {
      file,
      dtype: this.dtype,
      release: (memory) => void freeBuffers.push(memory),
      refuse: async (what) => {
        await this.#discard(name, what);
        return lostShard(key);
      },
    };
  }

  async #read<T>(key: string, maxBytes: number, parse: (file: StoredFile) => T | string): Promise<T | undefined> {
    const name = this.#nameOf(key);
    const file = await this.#backend.read(name, maxBytes);
    if (file === undefined) return undefined;
    const found = parse(file);
    if (typeof found !== 'string') return found;
    await this.#discard(name, found);
    return undefined;
  }

  async #discard(name: string, what: string): Promise<void> {
    this.#onDamage(`${this.#backend.address}/${name}: ${what}; the vectors are computed again`);
    // `has` does not see the damage, so the file must go before the next run. In a read-only store it is reported each time.
    await this.#backend.remove(name).catch(() => undefined);
  }

  #nameOf(key: string): string {
    if (!/^[0-9a-f]{64}$/.test(key)) throw new RangeError(`"${key}" is not a shard key (64 hex digits)`);
    const suffix = this.dtype === 'float32' ? '' : '.float16';
    return `${key.slice(0, 2)}/${key}${suffix}.vectors`;
  }
}

/** As {@link parseShard}, and a number that is not finite is damage. */
function parseFinite(file: StoredFile, dtype: StoreDtype): Matrix | string {
  const found = parseShard(file, dtype);
  if (typeof found === 'string') return found;
  const bad = found.data.findIndex((value) => !Number.isFinite(value));
  return bad < 0 ? found : `has the value ${found.data[bad]!} in row ${Math.floor(bad / found.columns)}`;
}

function uncounted({ rows }: Matrix): ShardInputs {
  return { inputs: rows, counts: null };
}

function lostShard(key: string): InputError {
  return new InputError(
    `the stored vectors ${key} were damaged or deleted meanwhile; run the same command again to recompute them`,
  );
}
