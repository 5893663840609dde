import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { InputError, InterruptedError } from '../../src/core/errors.js';
import { sha256 } from '../../src/io/files.js';
import type { Matrix } from '../../src/core/model.js';
import { rank, type Ranking } from '../../src/core/run.js';
import { searchExact, type ShardChunk, type VectorChunk } from '../../src/search/index.js';
import { similarities, type Similarity, type StoreDtype } from '../../src/core/system-fields.js';
import { VectorStore } from '../../src/stores/index.js';
import { golden } from '../helpers/goldens.js';

interface Documents {
  ids: string[];
  vectors: Matrix;
}

/** The documents in chunks of these sizes, over and over. */
function* chunks({ ids, vectors }: Documents, sizes: readonly number[]): Generator<VectorChunk> {
  const { columns, data } = vectors;
  for (let at = 0, i = 0; at < ids.length; i++) {
    const end = Math.min(ids.length, at + sizes[i % sizes.length]!);
    const part = { rows: end - at, columns, data: data.subarray(at * columns, end * columns) };
    yield { ids: ids.slice(at, end), vectors: part };
    at = end;
  }
}

function search(
  queries: Matrix,
  documents: Documents,
  topK: number,
  similarity: Similarity,
  { threads = 1, sizes = [100] }: { threads?: number; sizes?: number[] } = {},
): Promise<Ranking[]> {
  return searchExact({ queries, documents: chunks(documents, sizes), topK, threads, similarity });
}

function bruteForce(queries: Matrix, { ids, vectors }: Documents, topK: number, similarity: Similarity): Ranking[] {
  const row = ({ columns, data }: Matrix, i: number): Float32Array => data.subarray(i * columns, (i + 1) * columns);
  const dot = (a: Float32Array, b: Float32Array): number => a.reduce((sum, value, i) => sum + value * b[i]!, 0);
  const scale = (a: Float32Array): number => Math.max(1e-12, Math.sqrt(dot(a, a)));
  const differences = (a: Float32Array, b: Float32Array): number[] => Array.from(a, (value, i) => value - b[i]!);
  const formulas: Record<Similarity, (a: Float32Array, b: Float32Array) => number> = {
    dot,
    cosine: (a, b) => dot(a, b) / scale(a) / scale(b),
    euclidean: (a, b) => -Math.sqrt(differences(a, b).reduce((sum, value) => sum + value * value, 0)),
    manhattan: (a, b) => -differences(a, b).reduce((sum, value) => sum + Math.abs(value), 0),
  };
  return Array.from({ length: queries.rows }, (_, q) =>
    rank(
      ids,
      ids.map((_id, d) => formulas[similarity](row(queries, q), row(vectors, d))),
      topK,
    ),
  );
}

function matrix(columns: number, data: ArrayLike<number>): Matrix {
  return { rows: data.length / columns, columns, data: Float32Array.from(data) };
}

describe('against numpy and sentence-transformers', () => {
  type Best = { rows: number[]; scores: number[] }[];

  /** The generator of tools/goldens/search/exact_topk.py. */
  function vectors(rows: number, columns: number, seed: number): Matrix {
    let state = seed;
    return matrix(
      columns,
      Float32Array.from({ length: rows * columns }, () => {
        state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
        return ((state >> 8) % 2001) - 1000;
      }),
    );
  }

  test.each(similarities)('the same documents, scores to 1e-6: %s', async (similarity) => {
    const expected = (golden(import.meta.url, 'exact.json') as Record<Similarity, Best>)[similarity];
    const documents = { ids: Array.from({ length: 500 }, (_, i) => `d${i}`), vectors: vectors(500, 48, 1) };
    const rankings = await search(vectors(8, 48, 2), documents, 25, similarity);
    for (const [q, { rows, scores }] of expected.entries()) {
      expect(rankings[q]!.ids).toEqual(rows.map((row) => `d${row}`));
      for (const [i, score] of scores.entries()) {
        expect(Math.abs(rankings[q]!.scores[i]! / score - 1)).toBeLessThan(1e-6);
      }
    }
  });
});

describe('against brute force', () => {
  // Small whole numbers have exact products: many documents tie, and every bit of a score is known.
  const vectors = (columns: number, maxRows: number): fc.Arbitrary<Matrix> =>
    fc
      .array(fc.array(fc.integer({ min: -1, max: 1 }), { minLength: columns, maxLength: columns }), {
        maxLength: maxRows,
      })
      .map((rows) => matrix(columns, rows.flat()));
  const ids = (count: number): fc.Arbitrary<string[]> =>
    fc.uniqueArray(fc.string({ unit: fc.constantFrom('a', 'b', 'é', '\ufffd', '\u{1f600}') }), {
      minLength: count,
      maxLength: count,
    });
  const cases = fc.tuple(vectors(3, 5), vectors(3, 40)).chain(([queries, documents]) =>
    fc.tuple(
      fc.constant(queries),
      ids(documents.rows).map((names): Documents => ({ ids: names, vectors: documents })),
      fc.integer({ min: 1, max: 45 }),
      fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 4 }),
    ),
  );

  test.each(['dot', 'euclidean', 'manhattan'] as const)('order, ties and cut are right by %s', async (similarity) => {
    await fc.assert(
      fc.asyncProperty(cases, async ([queries, documents, topK, sizes]) => {
        const found = await search(queries, documents, topK, similarity, { sizes });
        expect(found.map(withoutMinusZero)).toEqual(
          bruteForce(queries, documents, topK, similarity).map(withoutMinusZero),
        );
      }),
      { numRuns: 60 },
    );
  });

  /** Two vectors that are the same have the distance 0, negated. */
  const withoutMinusZero = ({ ids, scores }: Ranking): Ranking => ({ ids, scores: scores.map((score) => score + 0) });

  test.each(['euclidean', 'manhattan'] as const)(
    'a distance of near vectors that are long is exact in every bit: %s',
    { timeout: 30_000 },
    async (similarity) => {
      const [count, columns] = [3000, 40]; // more than a block
      const near = (rows: number, seed: number): Matrix =>
        matrix(
          columns,
          Float32Array.from({ length: rows * columns }, (_, i) => 1000 + Math.sin((i + 1) * (seed + 0.37) * 12.9898)),
        );
      const documents = { ids: Array.from({ length: count }, (_, i) => `d${i}`), vectors: near(count, 1) };
      const queries = near(7, 2);
      const expected = bruteForce(queries, documents, 50, similarity);
      for (const threads of [1, 2])
        expect(await search(queries, documents, 50, similarity, { threads, sizes: [700] })).toEqual(expected);
    },
  );

  test.each(['euclidean', 'manhattan'] as const)('over several blocks and threads by %s', async (similarity) => {
    const count = 70_000; // three blocks of 48 dimensions
    const numbers = (rows: number, seed: number): Matrix =>
      matrix(
        48,
        Float32Array.from({ length: rows * 48 }, (_, i) => Math.sin((i + 1) * (seed + 0.37) * 12.9898)),
      );
    const documents = { ids: Array.from({ length: count }, (_, i) => `d${i}`), vectors: numbers(count, 3) };
    const queries = numbers(2, 4);
    const expected = bruteForce(queries, documents, 20, similarity);
    for (const threads of [1, 3])
      expect(await search(queries, documents, 20, similarity, { threads, sizes: [1000] })).toEqual(expected);
  });

  test('over several blocks, with ties across them and at the cut', async () => {
    const count = 150_000;
    const names = Array.from({ length: count }, (_, i) => `d${(i * 48271) % 2147483647}`);
    const documents = {
      ids: names,
      vectors: matrix(
        2,
        Array.from({ length: 2 * count }, (_, i) => ((i * i) % 7) - 3),
      ),
    };
    const queries = matrix(2, [1, 0, -1, 2, 0, 0]);
    for (const [topK, sizes] of [
      [1000, [1024]],
      [1, [65_536]],
      [10, [count]],
    ] as const) {
      const found = await search(queries, documents, topK, 'dot', { sizes: [...sizes], threads: 2 });
      expect(found).toEqual(bruteForce(queries, documents, topK, 'dot'));
    }
  });
});

describe('documents in an order that is hard on the search', () => {
  const count = 2 ** 21 + 100_000; // more than places in a list; one dimension, so that they take little room
  const ids = Array.from({ length: count }, (_, i) => `d${i}`);
  const queries = matrix(1, [1, -1, 0]);
  test.each([
    ['each better than the one before', (i: number): number => i - count / 2],
    ['most of them alike', (i: number): number => (i % 1000 === 999 ? (i % 7) - 3 : 1)],
  ] as const)('%s', { timeout: 60_000 }, async (_, value) => {
    const documents = {
      ids,
      vectors: matrix(
        1,
        Float32Array.from({ length: count }, (_, i) => value(i)),
      ),
    };
    const expected = bruteForce(queries, documents, 30, 'dot');
    for (const threads of [1, 3])
      expect(await search(queries, documents, 30, 'dot', { sizes: [50_000], threads })).toEqual(expected);
  });
});

describe('scores', () => {
  const noise = (rows: number, columns: number, seed: number): Matrix =>
    matrix(
      columns,
      Float32Array.from({ length: rows * columns }, (_, i) => Math.sin((i + 1) * (seed + 0.37) * 12.9898)),
    );
  const documents = { ids: Array.from({ length: 700 }, (_, i) => `d${i}`), vectors: noise(700, 96, 1) };
  const queries = noise(9, 96, 2);

  /** Scores of the query at `row` by document. */
  function scoresOf(rankings: readonly Ranking[], row: number): Map<string, number> {
    const { ids, scores } = rankings[row]!;
    return new Map(ids.map((id, i) => [id, scores[i]!]));
  }

  test('do not depend on threads, chunks, other queries or other documents, not in the last bit', async () => {
    const all = await search(queries, documents, 700, 'cosine', { sizes: [64] });
    expect(await search(queries, documents, 700, 'cosine', { sizes: [700], threads: 2 })).toEqual(all);
    for (const row of [0, 4, 8]) {
      const alone = { rows: 1, columns: 96, data: queries.data.subarray(row * 96, (row + 1) * 96) };
      expect(await search(alone, documents, 700, 'cosine')).toEqual([all[row]]);
    }
    for (const [start, end] of [
      [5, 6],
      [10, 13],
      [100, 117],
      [0, 500],
    ] as const) {
      const data = documents.vectors.data.subarray(start * 96, end * 96);
      const few = { ids: documents.ids.slice(start, end), vectors: { rows: end - start, columns: 96, data } };
      const found = await search(queries, few, 700, 'cosine');
      for (const row of found.keys()) {
        const expected = scoresOf(all, row);
        for (const [id, score] of scoresOf(found, row)) expect(score).toBe(expected.get(id));
      }
    }
  });

  test('do not depend on blocks and batches of queries, nor on what each thread got', async () => {
    const count = 70_000; // three blocks of 48 dimensions, so that threads are started
    const many = { ids: Array.from({ length: count }, (_, i) => `d${i}`), vectors: noise(count, 48, 3) };
    const asked = noise(600, 48, 4); // two batches
    const all = await search(asked, many, 20, 'cosine', { sizes: [1000] });
    expect(await search(asked, many, 20, 'cosine', { sizes: [4097, 1], threads: 3 })).toEqual(all);
    for (const row of [0, 299, 300, 599]) {
      const alone = { rows: 1, columns: 48, data: asked.data.subarray(row * 48, (row + 1) * 48) };
      expect(await search(alone, many, 20, 'cosine', { sizes: [1000], threads: 2 })).toEqual([all[row]]);
      const best = Number(all[row]!.ids[0]!.slice(1));
      const data = many.vectors.data.subarray(best * 48, (best + 1) * 48);
      const one = { ids: [all[row]!.ids[0]!], vectors: { rows: 1, columns: 48, data } };
      expect((await search(alone, one, 1, 'cosine'))[0]!.scores[0]).toBe(all[row]!.scores[0]);
    }
    const broken = many.vectors.data.slice();
    broken[69_000 * 48 + 5] = Infinity;
    const bad = { ids: many.ids, vectors: { ...many.vectors, data: broken } };
    await expect(search(asked, bad, 20, 'dot', { sizes: [1000], threads: 2 })).rejects.toThrow('document "d69000"');
  });

  test('of cosine do not depend on lengths; of a vector with itself it is 1', async () => {
    const scaled = documents.vectors.data.map((value, i) => value * 2 ** ((Math.floor(i / 96) % 40) - 20));
    const expected = await search(queries, documents, 50, 'cosine');
    const found = await search(
      queries,
      { ...documents, vectors: { ...documents.vectors, data: scaled } },
      50,
      'cosine',
    );
    expect(found).toEqual(expected);
    const self = await search(documents.vectors, documents, 1, 'cosine');
    for (const [i, { ids, scores }] of self.entries()) {
      expect(ids).toEqual([`d${i}`]);
      expect(Math.abs(scores[0]! - 1)).toBeLessThan(1e-6);
    }
  });

  test('of equal vectors are equal, wherever they stand', async () => {
    const data = Float32Array.from({ length: 4500 * 96 }, (_, i) => documents.vectors.data[i % (30 * 96)]!);
    const ids = Array.from({ length: 4500 }, (_, i) => `d${i}`);
    const repeated = { ids, vectors: { rows: 4500, columns: 96, data } };
    for (const { scores } of await search(queries, repeated, 4500, 'cosine', { threads: 2 })) {
      expect(new Set(scores).size).toBe(30);
    }
  });

  test('leave the input as it was', async () => {
    const before = [queries.data.slice(), documents.vectors.data.slice()];
    await search(queries, documents, 5, 'cosine');
    expect([queries.data, documents.vectors.data]).toEqual(before);
  });
});

describe('of shared memory', () => {
  /** The same chunks, those that are asked for in shared memory. */
  function* shared(parts: Iterable<VectorChunk>, isShared: (i: number) => boolean): Generator<VectorChunk> {
    let i = 0;
    for (const { ids, vectors } of parts) {
      if (!isShared(i++)) yield { ids, vectors };
      else {
        const data = new Float32Array(new SharedArrayBuffer(vectors.data.byteLength + 8)).subarray(2);
        data.set(vectors.data);
        yield { ids, vectors: { ...vectors, data } };
      }
    }
  }

  test('and others beside them, give what the vectors give, bit by bit', async () => {
    const columns = 4096; // a block has room for 384 rows
    const data = (rows: number, seed: number): Matrix =>
      matrix(
        columns,
        Float32Array.from({ length: rows * columns }, (_, i) => ((i * 7919 + seed) % 1009) / 512 - 1),
      );
    const documents: Documents = { ids: Array.from({ length: 1500 }, (_, i) => `d${i}`), vectors: data(1500, 1) };
    const options = { queries: data(5, 3), topK: 700, similarity: 'cosine' } as const;
    const expected = await searchExact({ ...options, documents: chunks(documents, [100]), threads: 1 });
    for (const sizes of [[1000], [1, 500, 15], [384]]) {
      for (const isShared of [() => true, (i: number) => i % 2 === 1]) {
        for (const threads of [1, 3]) {
          const parts = [...shared(chunks(documents, sizes), isShared)];
          expect(await searchExact({ ...options, documents: parts, threads })).toEqual(expected);
          expect(parts.flatMap(({ vectors }) => [...vectors.data.subarray(0, 3)])).toEqual(
            [...chunks(documents, sizes)].flatMap(({ vectors }) => [...vectors.data.subarray(0, 3)]),
          );
        }
      }
    }
  });
});

describe('of shards', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sgpt-bench-search-'));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  const columns = 4096; // a block has room for 384 rows
  const numbers = (rows: number, seed: number): Matrix =>
    matrix(
      columns,
      Float32Array.from({ length: rows * columns }, (_, i) => ((i * 7919 + seed) % 1009) / 512 - 1),
    );

  /** The documents, some of the chunks as shards of a store, which is where vectors get their dtype. */
  async function stored(
    documents: Documents,
    { sizes, dtype, shards }: { sizes: number[]; dtype: StoreDtype; shards: (i: number) => boolean },
  ): Promise<{ chunks: () => AsyncGenerator<VectorChunk | ShardChunk>; keys: string[] }> {
    const store = new VectorStore(folder, { dtype });
    const parts = [...chunks(documents, sizes)];
    const keys = parts.map(({ ids }) => sha256(ids[0]!));
    for (const [i, { vectors }] of parts.entries())
      await store.put(keys[i]!, { ...vectors, data: vectors.data.slice() });
    async function* read(): AsyncGenerator<VectorChunk | ShardChunk> {
      let i = 0;
      for await (const shard of store.readAll(keys)) {
        const { ids } = parts[i]!;
        if (shards(i)) yield { ids, shard };
        else yield { ids, vectors: (await store.get(keys[i]!))! };
        i++;
      }
    }
    return { chunks: read, keys };
  }

  const queries = numbers(5, 3);
  const documents: Documents = { ids: Array.from({ length: 1500 }, (_, i) => `d${i}`), vectors: numbers(1500, 1) };

  test.each([
    ['float32', [400], () => true],
    ['float32', [1, 500, 15, 16, 384], () => true],
    ['float32', [100, 1, 7], (i: number) => i % 3 === 1],
    ['float16', [1, 400, 20], () => true],
    ['float16', [2000], () => true],
  ] as const)('%s, of %j documents, gives what the vectors give, bit by bit', async (dtype, sizes, shards) => {
    const { chunks: read } = await stored(documents, { sizes: [...sizes], dtype, shards });
    const plain = await stored(documents, { sizes: [...sizes], dtype, shards: () => false });
    const options = { queries, topK: 700, similarity: 'cosine' } as const;
    const expected = await searchExact({ ...options, documents: plain.chunks(), threads: 1 });
    expect(new Set(expected[0]!.ids).size).toBe(700);
    for (const threads of [1, 3]) {
      expect(await searchExact({ ...options, documents: read(), threads })).toEqual(expected);
    }
  });

  test.each([400, 2000])('a damaged one of %d is an InputError, and gone afterwards', async (size) => {
    const { chunks: read, keys } = await stored(documents, { sizes: [size], dtype: 'float32', shards: () => true });
    const key = keys.at(-1)!;
    const path = join(folder, key.slice(0, 2), `${key}.vectors`);
    const bytes = await readFile(path);
    bytes[1000]! ^= 1;
    await writeFile(path, bytes);
    const found = searchExact({ queries, documents: read(), topK: 3, threads: 2, similarity: 'dot' });
    await expect(found).rejects.toThrow(InputError);
    await expect(readFile(path)).rejects.toThrow('ENOENT');
  });

  test('one of another shape is not searched', async () => {
    const store = new VectorStore(folder);
    const key = sha256('a shard');
    await store.put(key, numbers(3, 1));
    for (const [ids, asked] of [
      [['1', '2'], queries],
      [['1', '2', '3'], matrix(2, [1, 0])],
    ] as const) {
      await store.put(key, numbers(3, 1));
      const read = async function* (): AsyncGenerator<ShardChunk> {
        for await (const shard of store.readAll([key])) yield { ids, shard };
      };
      const found = searchExact({ queries: asked, documents: read(), topK: 3, threads: 1, similarity: 'dot' });
      await expect(found).rejects.toThrow(InputError);
    }
  });
});

describe('edges', () => {
  const one = { ids: ['1'], vectors: matrix(2, [3, 4]) };

  test('no queries, no documents, one document, a limit of 0', async () => {
    expect(await search(matrix(2, []), one, 10, 'cosine')).toEqual([]);
    const none = [{ ids: [], scores: new Float32Array(0) }];
    expect(await search(matrix(2, [1, 0]), { ids: [], vectors: matrix(2, []) }, 10, 'cosine')).toEqual(none);
    expect(await search(matrix(2, [1, 0]), one, 0, 'cosine')).toEqual(none);
    expect(await search(matrix(2, [2, 0]), one, 10, 'dot')).toEqual([{ ids: ['1'], scores: Float32Array.of(6) }]);
  });

  test('a vector of zeros has similarity 0, between the positive and the negative', async () => {
    const documents = { ids: ['a', 'b', 'zero'], vectors: matrix(2, [1, 0, -1, 0, 0, 0]) };
    const [first, second] = await search(matrix(2, [5, 0, 0, 0]), documents, 3, 'cosine');
    expect(first).toEqual({ ids: ['a', 'zero', 'b'], scores: Float32Array.of(1, 0, -1) });
    expect(second!.ids).toEqual(['zero', 'b', 'a']);
  });

  test('what is not finite is refused, by name', async () => {
    const bad = { ids: ['fine', 'broken'], vectors: matrix(2, [1, 0, NaN, 0]) };
    await expect(search(matrix(2, [1, 0]), bad, 1, 'dot')).rejects.toThrow(InputError);
    await expect(search(matrix(2, [1, 0]), bad, 1, 'cosine')).rejects.toThrow('document "broken"');
    await expect(search(matrix(2, [1, 0, Infinity, 0]), one, 1, 'cosine')).rejects.toThrow('query 2');
    for (const distance of ['euclidean', 'manhattan'] as const) {
      await expect(search(matrix(2, [1, 0]), bad, 1, distance)).rejects.toThrow('document "broken"');
      await expect(search(matrix(2, [1, 0, 1e19, 0]), one, 1, distance)).rejects.toThrow('query 2');
    }
  });

  test('shapes that do not fit are a fault of the caller', async () => {
    const wrong = [{ ids: ['1', '2'], vectors: matrix(2, [1, 0]) }];
    const options = { queries: matrix(2, [1, 0]), topK: 1, threads: 1, similarity: 'dot' } as const;
    await expect(searchExact({ ...options, documents: wrong })).rejects.toThrow(RangeError);
  });

  test('progress adds up, and a raised signal stops', async () => {
    let done = 0;
    const options = { queries: matrix(2, [1, 0]), topK: 1, threads: 1, similarity: 'dot' } as const;
    await searchExact({ ...options, documents: [one], onProgress: (count) => (done += count) });
    expect(done).toBe(1);
    const stopped = searchExact({ ...options, documents: [one], signal: AbortSignal.abort() });
    await expect(stopped).rejects.toThrow(InterruptedError);
  });
});
