import { InputError, throwIfInterrupted } from '../../core/errors.js';
import type { Matrix, OnProgress } from '../../core/model.js';
import type { Ranking } from '../../core/run.js';
import type { Similarity } from '../../core/system-fields.js';
import { BestRankings } from './best-rankings.js';
import { longestVector } from './distance-rows.js';
import type { SearchSetup } from './search-block.js';
import { searchOnCallingThread, searchInThreads, type BlockSearch } from './search-pool.js';
import { blockRows, blocksOf, type Block, type Chunks } from './vector-blocks.js';

export interface ExactSearch {
  /** [queries, dimensions] */
  readonly queries: Matrix;
  /** The documents in chunks of any size, each [ids.length, dimensions], or as shards of a store; ids are distinct. */
  readonly documents: Chunks;
  readonly topK: number;
  /** Threads that compute matrix products. */
  readonly threads: number;
  readonly similarity: Similarity;
  readonly signal?: AbortSignal | undefined;
  /** Called with the number of documents searched since the last call. */
  readonly onProgress?: OnProgress | undefined;
}

/**
 * Compares every query with every document and returns the best `topK` per query, in the order of all rankings: score
 * descending, equal scores by id descending, also at the cut. By cosine, a vector of length 0 has similarity 0 to all;
 * `euclidean` and `manhattan` are negative distances, as sentence-transformers' similarity functions return them.
 *
 * Scores are float32. They do not depend on chunks, threads, or the other queries and documents, to the last bit; another
 * machine's kernel may add in another order, which moves a cosine by about 1e-7. Distances are summed in double precision
 * and then rounded. The input is not modified.
 *
 * Reading, products and merging overlap: while worker threads search some blocks, the calling thread reads the next ones
 * and merges results. (A corpus of one block is searched on the calling thread.) Memory: per thread two blocks (stored
 * shards, or vectors in blocks of 6 MiB), some 15 MiB, and 12 times `topK` bytes per query; also the queries, the rankings,
 * the ids of all documents, and 12 shards that are read ahead from a store.
 *
 * @returns one ranking per query, with min(topK, documents) entries
 * @throws InputError for a vector that is not finite (or so long that its square overflows float32)
 */
export async function searchExact(search: ExactSearch): Promise<Ranking[]> {
  const { topK, similarity } = search;
  const queries = checkedQueries(search.queries, similarity);
  if (queries.rows === 0 || topK === 0)
    return Array.from({ length: queries.rows }, () => ({ ids: [], scores: new Float32Array(0) }));
  const rows = blockRows(queries.columns);
  const best = new BestRankings(queries.rows, topK);
  await searchBlocks(search, { queries, similarity, topK, blockRows: rows }, best);
  return best.finish();
}

/** Keeps the searching threads busy with blocks, and merges their results. */
async function searchBlocks(
  { documents, threads, signal, onProgress }: ExactSearch,
  setup: SearchSetup,
  best: BestRankings,
): Promise<void> {
  const running = new Set<Promise<void>>();
  let blockSearch: BlockSearch | undefined;
  const searchBlock = async ({ ids, content, isOnly, release, refuse }: Block): Promise<void> => {
    blockSearch ??= isOnly ? await searchOnCallingThread(setup) : searchInThreads(setup, threads);
    const { result, memory } = await blockSearch.search({ first: best.addBlock(ids), rows: ids.length, content });
    if ('damage' in result) throw await refuse(result.damage);
    if ('badRow' in result) throw notComparable(ids[result.badRow]!);
    memory.forEach(release);
    for (const found of result.found) best.add(found);
    onProgress?.(ids.length);
  };
  try {
    for await (const block of blocksOf(documents, setup.queries.columns)) {
      throwIfInterrupted(signal);
      const job: Promise<void> = searchBlock(block).then(() => void running.delete(job));
      job.catch(() => undefined); // stays in `running`, so Promise.race or Promise.all below throws it
      running.add(job);
      if (running.size >= (blockSearch?.capacity ?? 1)) await Promise.race(running);
    }
    const finished = blockSearch?.finish();
    finished?.catch(() => undefined); // awaited below
    await Promise.all(running);
    for (const found of (await finished) ?? []) best.add(found);
  } finally {
    await Promise.allSettled(running);
    await blockSearch?.close();
  }
}

/** A checked copy of the queries, scaled to length 1 for cosine. */
function checkedQueries(queries: Matrix, similarity: Similarity): Matrix {
  const { rows, columns } = queries;
  const data = queries.data.slice(0, rows * columns);
  for (let row = 0; row < rows; row++) {
    const vector = data.subarray(row * columns, (row + 1) * columns);
    const length = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
    const longest = similarity === 'cosine' || similarity === 'dot' ? Number.MAX_VALUE : longestVector;
    if (!(length <= longest)) throw new InputError(`the vector of query ${row + 1} has a value that is not finite`);
    if (similarity === 'cosine') for (let i = 0; i < columns; i++) vector[i]! /= Math.max(length, 1e-12);
  }
  return { rows, columns, data };
}

function notComparable(id: string): InputError {
  return new InputError(`the vector of document "${id}" is not finite or too long for float32`);
}
