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
  /** Its memory is used again for the next block. */
  readonly vectors: Matrix;
}

/** Numbers in a block (128 MiB), and the rows it has at most: larger blocks were no faster. */
const blockNumbers = 1 << 25;
const blockRows = 1 << 16;

/**
 * Regroups chunks into blocks of a fixed number of rows (the last one shorter), whatever the chunks: a block's rows, and so
 * every bit of what is computed from it, depend on the sequence of documents alone.
 */
export async function* blocksOf(
  chunks: AsyncIterable<VectorChunk> | Iterable<VectorChunk>,
  columns: number,
  rows = Math.min(blockRows, Math.max(1, Math.floor(blockNumbers / columns))),
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

function gather(rows: Row[], columns: number, memory: { data: Float32Array }): Block {
  rows.sort((a, b) => compareCodePoints(b.id, a.id));
  const size = rows.length * columns;
  if (memory.data.length < size) memory.data = new Float32Array(size);
  const data = memory.data.subarray(0, size);
  for (const [i, { row, vectors }] of rows.entries()) {
    data.set(vectors.data.subarray(row * columns, (row + 1) * columns), i * columns);
  }
  return { ids: rows.map(({ id }) => id), vectors: { rows: rows.length, columns, data } };
}
