import type { Matrix } from '../../core/model.js';
import type { StoredFile } from '../../stores/index.js';
import type { UncheckedShard } from '../../stores/vectors/vector-store.js';
import type { StoreDtype } from '../../core/system-fields.js';

/**
 * Documents and their vectors, row by row. Vectors in shared memory stay where they are; others are copied by the
 * calling thread.
 */
export interface VectorChunk {
  readonly ids: readonly string[];
  readonly vectors: Matrix;
}

/** Documents whose vectors, row by row, are a shard's. */
export interface ShardChunk {
  readonly ids: readonly string[];
  readonly shard: UncheckedShard;
}

export type Chunks = AsyncIterable<VectorChunk | ShardChunk> | Iterable<VectorChunk | ShardChunk>;

/** Documents to be searched at once. */
export interface Block {
  readonly ids: readonly string[];
  readonly content: BlockContent;
  /** Whether there is no other block. */
  readonly isOnly: boolean;
  /** Takes the memory of the content back, for another block. */
  readonly release: (memory: ArrayBuffer) => void;
  /** What to do about damaged content. @param what is wrong with it @returns the error that ends the search */
  readonly refuse: (what: string) => Promise<Error>;
}

/** The documents' vectors, perhaps with rows beyond, or a shard that has them and nothing else. */
export type BlockContent = Float32Array | PackedShard;

/** A shard's file. */
export interface PackedShard {
  readonly file: StoredFile;
  readonly dtype: StoreDtype;
}

/** Numbers in a block (6 MiB): small enough to give all threads work, large enough that handing it over costs nothing. */
const blockNumbers = 3 << 19;
/** So that rows can be numbered in 16 bits. */
const mostRows = 1 << 16;

/** Rows that a block has room for. */
export function blockRows(columns: number): number {
  return Math.min(mostRows, Math.max(16, Math.floor(blockNumbers / columns)));
}

/** Brings chunks into blocks: shards and shared memory as they are, other vectors regrouped, so that blocks between them are full. */
export async function* blocksOf(chunks: Chunks, columns: number, rows = blockRows(columns)): AsyncGenerator<Block> {
  let held: Omit<Block, 'isOnly'> | undefined;
  let isOnly = true;
  for await (const block of regrouped(chunks, columns, rows)) {
    if (held !== undefined) yield { ...held, isOnly: (isOnly = false) };
    held = block;
  }
  if (held !== undefined) yield { ...held, isOnly };
}

async function* regrouped(chunks: Chunks, columns: number, rows: number): AsyncGenerator<Omit<Block, 'isOnly'>> {
  const free: ArrayBuffer[] = [];
  let ids: string[] = [];
  let data: Float32Array<ArrayBuffer> | undefined;
  const take = (content: Float32Array<ArrayBuffer>): Omit<Block, 'isOnly'> => {
    const block = { ids, content, release: (memory: ArrayBuffer) => void free.push(memory), refuse: notDamaged };
    [ids, data] = [[], undefined];
    return block;
  };
  for await (const chunk of chunks) {
    if ('shard' in chunk) {
      if (data !== undefined) yield take(data);
      const { file, dtype, release, refuse } = chunk.shard;
      yield { ids: chunk.ids, content: { file, dtype }, release, refuse };
      continue;
    }
    const { ids: chunkIds, vectors } = chunk;
    requireShape(chunk, columns);
    if (vectors.data.buffer instanceof SharedArrayBuffer) {
      if (data !== undefined) yield take(data);
      yield* pieces(chunk, rows);
      continue;
    }
    for (let row = 0; row < vectors.rows;) {
      data ??= new Float32Array(free.pop() ?? new ArrayBuffer(rows * columns * 4));
      const end = Math.min(vectors.rows, row + rows - ids.length);
      data.set(vectors.data.subarray(row * columns, end * columns), ids.length * columns);
      for (; row < end; row++) ids.push(chunkIds[row]!);
      if (ids.length === rows) yield take(data);
    }
  }
  if (data !== undefined) yield take(data);
}

function* pieces({ ids, vectors }: VectorChunk, rows: number): Generator<Omit<Block, 'isOnly'>> {
  const { columns, data } = vectors;
  for (let row = 0; row < ids.length; row += rows) {
    const content = data.subarray(row * columns, Math.min(row + rows, ids.length) * columns);
    yield { ids: ids.slice(row, row + rows), content, release: () => undefined, refuse: notDamaged };
  }
}

function requireShape({ ids, vectors }: VectorChunk, columns: number): void {
  if (vectors.columns === columns && vectors.rows === ids.length) return;
  throw new RangeError(
    `vectors of shape [${vectors.rows}, ${vectors.columns}] do not fit ${ids.length} ids and ${columns} dimensions`,
  );
}

function notDamaged(what: string): Promise<Error> {
  return Promise.resolve(new RangeError(`vectors are not a shard that ${what}`));
}
