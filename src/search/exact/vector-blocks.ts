import type { Matrix } from '../../core/model.js';
import type { StoredFile } from '../../stores/index.js';
import type { UncheckedShard } from '../../stores/vectors/vector-store.js';
import type { StoreDtype } from '../../core/system-fields.js';

/** Documents and their vectors, row by row. Vectors in shared memory are used in place; others are copied. */
export interface VectorChunk {
  readonly ids: readonly string[];
  readonly vectors: Matrix;
}

/** Documents and the stored shard that holds their vectors, row by row. */
export interface ShardChunk {
  readonly ids: readonly string[];
  readonly shard: UncheckedShard;
}

export type Chunks = AsyncIterable<VectorChunk | ShardChunk> | Iterable<VectorChunk | ShardChunk>;

/** Documents to search in one step. */
export interface Block {
  readonly ids: readonly string[];
  readonly content: BlockContent;
  /** True if there is no other block. */
  readonly isOnly: boolean;
  /** Returns the content's memory, so that another block can use it. */
  readonly release: (memory: ArrayBuffer) => void;
  /** Handles damaged content. @param what describes the damage @returns the error that ends the search */
  readonly refuse: (what: string) => Promise<Error>;
}

/** The documents' vectors, possibly followed by unused rows, or the shard that has exactly their vectors. */
export type BlockContent = Float32Array | PackedShard;

/** The file of a stored shard, not decoded. */
export interface PackedShard {
  readonly file: StoredFile;
  readonly dtype: StoreDtype;
}

/** Numbers per block (6 MiB): small enough to give all threads work, large enough that transferring it costs nothing. */
const blockNumbers = 3 << 19;
/** Row numbers fit into 16 bits. */
const maxRows = 1 << 16;

/** Maximum number of rows in a block. */
export function blockRows(columns: number): number {
  return Math.min(maxRows, Math.max(16, Math.floor(blockNumbers / columns)));
}

/** Turns chunks into blocks: shards and shared memory as they are, other vectors regrouped into full blocks. */
export async function* blocksOf(chunks: Chunks, columns: number, rows = blockRows(columns)): AsyncGenerator<Block> {
  let previous: Omit<Block, 'isOnly'> | undefined;
  let isOnly = true;
  for await (const block of regrouped(chunks, columns, rows)) {
    if (previous !== undefined) yield { ...previous, isOnly: (isOnly = false) };
    previous = block;
  }
  if (previous !== undefined) yield { ...previous, isOnly };
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
