import { InferenceSession, Tensor } from 'onnxruntime-node';
import { InputError, throwIfInterrupted } from '../core/errors.js';
import type { Matrix, OnProgress } from '../core/model.js';
import { compareScored, type Ranking } from '../core/run.js';
import { searchGraph } from './exact-graph.js';
import { blocksOf, type Block, type VectorChunk } from './vector-blocks.js';

/** How a query and a document are compared: `dot` takes the vectors as they are, `cosine` scales both to length 1. */
export type Similarity = 'cosine' | 'dot';

export interface ExactSearch {
  /** [queries, dimensions] */
  readonly queries: Matrix;
  /** The documents in chunks of any size, each [ids.length, dimensions]; ids are distinct. */
  readonly documents: AsyncIterable<VectorChunk> | Iterable<VectorChunk>;
  readonly topK: number;
  /** Threads of the matrix product. */
  readonly threads: number;
  readonly similarity: Similarity;
  readonly signal?: AbortSignal | undefined;
  /** Called with the number of documents searched since the last call. */
  readonly onProgress?: OnProgress | undefined;
}

/** Most scores at a time: queries times documents of a block (64 MiB). */
const scoresAtOnce = 1 << 24;

/**
 * Compares every query with every document and keeps the best `topK` of each query, in the order of all rankings here:
 * score descending, equal scores by id descending, also at the cut. A vector of length 0 has similarity 0 to all.
 *
 * Scores are float32. Chunks, threads, and the queries and documents beside them make no difference, not in the last bit;
 * another machine's kernel may add in another order, which moves a cosine by about 1e-7. The input is not modified.
 * Memory: one block of documents (128 MiB) and its scaled copy, the scores of one block, and the rankings. The product
 * is computed while the calling thread waits (onnxruntime-node's `run` is synchronous).
 *
 * @returns one ranking a query, with min(topK, documents) entries
 * @throws InputError for a vector that is not finite (or so long that float32 cannot hold its square)
 */
export async function searchExact(search: ExactSearch): Promise<Ranking[]> {
  const { topK, threads, similarity, signal } = search;
  const queries = checkedQueries(search.queries, similarity);
  const rankings = Array.from({ length: queries.rows }, (): Ranking => ({ ids: [], scores: new Float32Array(0) }));
  if (queries.rows === 0 || topK === 0) return rankings;
  const session = await InferenceSession.create(searchGraph(similarity === 'cosine'), { intraOpNumThreads: threads });
  try {
    for await (const block of blocksOf(search.documents, queries.columns)) {
      throwIfInterrupted(signal);
      await searchBlock(session, queries, block, topK, rankings);
      search.onProgress?.(block.ids.length);
    }
    return rankings;
  } finally {
    await session.release();
  }
}

/** Compares all queries with one block and merges what is found into the rankings. */
async function searchBlock(
  session: InferenceSession,
  queries: Matrix,
  block: Block,
  topK: number,
  rankings: Ranking[],
): Promise<void> {
  const { rows, columns } = block.vectors;
  // Rows of zeros may come before documents of negative score: where there are any, all rows are asked for.
  const k = block.ids.length < rows ? rows : Math.min(topK, rows);
  const documents = new Tensor('float32', block.vectors.data, [rows, columns]);
  const batch = Math.max(1, Math.floor(scoresAtOnce / rows));
  for (let first = 0; first < queries.rows; first += batch) {
    const count = Math.min(batch, queries.rows - first);
    const fed = Math.max(2, count);
    const result = await session.run({
      queries: new Tensor('float32', queries.data.subarray(first * columns, (first + fed) * columns), [fed, columns]),
      documents,
      k: new Tensor('int64', BigInt64Array.of(BigInt(k)), [1]),
    });
    if (first === 0) checkLengths(result['lengths']!.data as Float32Array, block.ids);
    const scores = result['scores']!.data as Float32Array;
    const found = result['rows']!.data as Int32Array;
    for (let q = 0; q < count; q++) {
      const best = rankingOf(block.ids, found.subarray(q * k, (q + 1) * k), scores.subarray(q * k, (q + 1) * k));
      rankings[first + q] = merge(rankings[first + q]!, best, topK);
    }
  }
}

/** What a row of the graph's output says, without the rows that are no documents. */
function rankingOf(ids: readonly string[], rows: Int32Array, scores: Float32Array): Ranking {
  if (rows.length <= ids.length) return { ids: Array.from(rows, (row) => ids[row]!), scores };
  return {
    ids: Array.from(
      rows.filter((row) => row < ids.length),
      (row) => ids[row]!,
    ),
    scores: scores.filter((_, i) => rows[i]! < ids.length),
  };
}

/** The best `limit` of two rankings, in ranking order. */
function merge(a: Ranking, b: Ranking, limit: number): Ranking {
  const size = Math.min(limit, a.ids.length + b.ids.length);
  const ids = new Array<string>(size);
  const scores = new Float32Array(size);
  let [i, j] = [0, 0];
  for (let slot = 0; slot < size; slot++) {
    const takeA =
      j >= b.ids.length || (i < a.ids.length && compareScored(a.scores[i]!, a.ids[i]!, b.scores[j]!, b.ids[j]!) <= 0);
    const [from, at] = takeA ? [a, i++] : [b, j++];
    ids[slot] = from.ids[at]!;
    scores[slot] = from.scores[at]!;
  }
  return { ids, scores };
}

/**
 * The queries, scaled to length 1 for cosine, with a row of zeros after the last: a batch of one query goes with it, because
 * the kernel for a single row adds in another order, and a score must not depend on how many queries there are.
 */
function checkedQueries(queries: Matrix, similarity: Similarity): Matrix {
  const { rows, columns } = queries;
  const data = new Float32Array((rows + 1) * columns);
  data.set(queries.data.subarray(0, rows * columns));
  for (let row = 0; row < rows; row++) {
    const vector = data.subarray(row * columns, (row + 1) * columns);
    const length = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
    if (!Number.isFinite(length)) throw new InputError(`the vector of query ${row + 1} has a value that is not finite`);
    if (similarity === 'cosine') for (let i = 0; i < columns; i++) vector[i]! /= Math.max(length, 1e-12);
  }
  return { rows, columns, data };
}

function checkLengths(lengths: Float32Array, ids: readonly string[]): void {
  const bad = lengths.findIndex((length) => !Number.isFinite(length));
  if (bad >= 0) throw new InputError(`the vector of document "${ids[bad]!}" is not finite or too long for float32`);
}
