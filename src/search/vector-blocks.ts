import type { Matrix } from '../core/model.js';

/** Documents and their vectors, row by row. */
export interface VectorChunk {
  readonly ids: readonly string[];
  readonly vectors: Matrix;
}

/** Documents to be searched at once. */
export interface Block {
  readonly ids: readonly string[];
  /** Room for `blockRows` rows, of which the first `ids.length` are the documents' vectors. */
  readonly vectors: Float32Array;
}

/** Numbers in a block (6 MiB): small enough to give all threads work, large enough that handing it over costs nothing. */
const blockNumbers = 3 << 19;
/** So that rows can be numbered in 16 bits. */
const mostRows = 1 << 16;

/** Rows that a block has room for. */
export function blockRows(columns: number): number {
  return Math.min(mostRows, Math.max(16, Math.floor(blockNumbers / columns)));
}

/**
 * Regroups chunks into blocks, all of them full but the last, whatever the chunks.
 * @param takeMemory gives room for a block; what is in it does not matter
 */
export async function* blocksOf(
  chunks: AsyncIterable<VectorChunk> | Iterable<VectorChunk>,
  columns: number,
  takeMemory: () => Float32Array,
  rows = blockRows(columns),
): AsyncGenerator<Block> {
  let ids: string[] = [];
  let data: Float32Array | undefined;
  for await (const { ids: chunkIds, vectors } of chunks) {
    if (vectors.columns !== columns || vectors.rows !== chunkIds.length) {
      throw new RangeError(
        `vectors of shape [${vectors.rows}, ${vectors.columns}] do not fit ${chunkIds.length} ids and ${columns} dimensions`,
      );
    }
    for (let row = 0; row < vectors.rows;) {
      data ??= takeMemory();
      const end = Math.min(vectors.rows, row + rows - ids.length);
      data.set(vectors.data.subarray(row * columns, end * columns), ids.length * columns);
      for (; row < end; row++) ids.push(chunkIds[row]!);
      if (ids.length < rows) continue;
      yield { ids, vectors: data };
      [ids, data] = [[], undefined];
    }
  }
  if (data !== undefined) yield { ids, vectors: data };
}
