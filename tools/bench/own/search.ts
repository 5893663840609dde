/** Exact search of this project, over vectors in memory or in an embedding store. */
import { open, writeFile } from 'node:fs/promises';
import { sha256 } from '../../../src/io/files.js';
import type { Matrix } from '../../../src/core/model.js';
import type { Ranking } from '../../../src/core/run.js';
import type { Similarity } from '../../../src/core/system-fields.js';
import { searchExact, type ShardChunk, type VectorChunk } from '../../../src/search/index.js';
import { VectorStore } from '../../../src/stores/index.js';
import { FastRandom } from '../data/random.js';
import { serve, type Job } from './serve.js';

interface Parameters {
  /** File of float32 numbers, row by row, or how many random rows to put into the store; a document's id is its row. */
  readonly documents: string | number;
  readonly queries: string;
  readonly columns: number;
  readonly topK: number;
  readonly threads: number;
  readonly similarity: Similarity;
  /** A folder for an embedding store, which is filled unless it is there; without it vectors are kept in memory. */
  readonly store?: string;
  readonly dtype?: 'float32' | 'float16';
  /** Where to keep what was found: for each query topK ids (int32), then all scores (float32). */
  readonly results: string;
}

/** Rows a chunk: what the runners put into a shard. */
const chunkRows = 1024;

await serve(async (parameters: Parameters): Promise<Job> => {
  const { columns, topK, threads, similarity, store, dtype = 'float32' } = parameters;
  const queries = await readQueries(parameters.queries, columns);
  const documents = store === undefined ? await inMemory(parameters) : await inStore(parameters, store);
  const where =
    store === undefined ? 'vectors in shared memory' : `${dtype} vectors in the embedding store, checksums checked`;
  return {
    about: `${threads} threads, ${where}`,
    async run() {
      const rankings = await searchExact({ queries, documents: documents(), topK, threads, similarity });
      return { finish: () => keep(rankings, parameters) };
    },
  };
});

async function keep(rankings: readonly Ranking[], { results, topK }: Parameters): Promise<void> {
  const ids = new Int32Array(rankings.length * topK);
  const scores = new Float32Array(rankings.length * topK);
  for (const [q, ranking] of rankings.entries()) {
    for (const [i, id] of ranking.ids.entries()) ids[q * topK + i] = Number(id);
    scores.set(ranking.scores, q * topK);
  }
  await writeFile(results, Buffer.concat([new Uint8Array(ids.buffer), new Uint8Array(scores.buffer)]));
}

async function readQueries(path: string, columns: number): Promise<Matrix> {
  const parts: Matrix[] = [];
  for await (const { vectors } of chunksOf(path, columns)) parts.push(vectors);
  const data = new Float32Array(parts.reduce((sum, part) => sum + part.data.length, 0));
  for (const [i, part] of parts.entries()) data.set(part.data, i * chunkRows * columns);
  return { rows: data.length / columns, columns, data };
}

async function inMemory({ documents, columns }: Parameters): Promise<() => VectorChunk[]> {
  const chunks: VectorChunk[] = [];
  for await (const chunk of chunksOf(documents, columns)) chunks.push(chunk);
  return () => chunks;
}

async function inStore(
  { documents, columns, dtype }: Parameters,
  folder: string,
): Promise<() => AsyncGenerator<ShardChunk>> {
  const store = new VectorStore(folder, { dtype });
  const shards: { readonly ids: readonly string[]; readonly key: string }[] = [];
  for await (const { ids, vectors } of chunksOf(documents, columns)) {
    const key = sha256(ids[0]!);
    if (!(await store.has(key))) await store.put(key, vectors);
    shards.push({ ids, key });
  }
  const keys = shards.map(({ key }) => key);
  return async function* () {
    let at = 0;
    for await (const shard of store.readAll(keys)) yield { ids: shards[at++]!.ids, shard };
  };
}

async function* chunksOf(documents: string | number, columns: number): AsyncGenerator<VectorChunk> {
  if (typeof documents === 'string') yield* readChunks(documents, columns);
  else yield* randomChunks(documents, columns);
}

function* randomChunks(documents: number, columns: number): Generator<VectorChunk> {
  const random = new FastRandom(6);
  for (let row = 0; row < documents; row += chunkRows) {
    const rows = Math.min(chunkRows, documents - row);
    const data = new Float32Array(rows * columns);
    for (let i = 0; i < data.length; i++) data[i] = random.normal();
    yield { ids: Array.from({ length: rows }, (_, i) => String(row + i)), vectors: { rows, columns, data } };
  }
}

async function* readChunks(path: string, columns: number): AsyncGenerator<VectorChunk> {
  const file = await open(path);
  try {
    for (let row = 0; ; row += chunkRows) {
      const data = new Float32Array(new SharedArrayBuffer(chunkRows * columns * 4));
      const { bytesRead } = await file.read(new Uint8Array(data.buffer), 0, data.byteLength, row * columns * 4);
      const rows = bytesRead / (columns * 4);
      if (rows === 0) return;
      const ids = Array.from({ length: rows }, (_, i) => String(row + i));
      yield { ids, vectors: { rows, columns, data: data.subarray(0, rows * columns) } };
    }
  } finally {
    await file.close();
  }
}
