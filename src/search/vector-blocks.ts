import type { Matrix } from '../core/model.js';
import { compareCodePoints } from '../core/text.js';

/** Documents and their vectors, row by row. */
export interface VectorChunk {
  readonly ids: readonly string[];
  readonly vectors: Matrix;
}

/** Documents to be searched at once, by id descending. */
export interface Block {
  readonly ids: readonly string[];
  /** Row i belongs to `ids[i]`; rows beyond the ids are zero. Its memory is used again for the next block. */
  readonly vectors: Matrix;
}

/** Numbers in a block (128 MiB), and the rows it has at most: larger blocks were no faster. */
const blockNumbers = 1 << 25;
const mostRows = 1 << 16;
/**
 * A shorter block is filled up with zeros: for few rows the matrix kernel (MLAS) adds in another order, and a score must
 * not depend on how many documents there are beside it.
 */
const fewestRows = 1 << 12;

/**
 * Regroups chunks into blocks of a fixed number of rows, whatever the chunks: what is in a block depends on the sequence of
 * documents alone.
 */
export async function* blocksOf(
  chunks: AsyncIterable<VectorChunk> | Iterable<VectorChunk>,
  columns: number,
  rows = Math.min(mostRows, Math.max(fewestRows, Math.floor(blockNumbers / columns))),
): AsyncGenerator<Block> {
  const memory = { data: new Float32Array(0) };
  let pending: Row[] = [];
  for await (const { ids, vectors } of chunks) {
    if (vectors.columns !== columns || vectors.rows !== ids.length) {
      throw new RangeError(
        `vectors of shape [${vectors.rows}, ${vectors.columns}] do not fit ${ids.length} ids and ${columns} dimensions`,
      );
    }
    for (const [row, id] of ids.entries()) {
      pending.push({ id, row, vectors });
      if (pending.length < rows) continue;
      yield gather(pending, columns, memory);
      pending = [];
    }
  }
  if (pending.length > 0) yield gather(pending, columns, memory);
}

interface Row {
  readonly id: string;
  readonly row: number;
  readonly vectors: Matrix;
}

function gather(documents: Row[], columns: number, memory: { data: Float32Array }): Block {
  documents.sort((a, b) => compareCodePoints(b.id, a.id));
  const rows = Math.max(fewestRows, documents.length);
  const size = rows * columns;
  if (memory.data.length < size) memory.data = new Float32Array(size);
  const data = memory.data.subarray(0, size);
  for (const [i, { row, vectors }] of documents.entries()) {
    data.set(vectors.data.subarray(row * columns, (row + 1) * columns), i * columns);
  }
  data.fill(0, documents.length * columns);
  return { ids: documents.map(({ id }) => id), vectors: { rows, columns, data } };
}
