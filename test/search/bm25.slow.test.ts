import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Document } from '../../src/core/dataset.js';
import { InputError, InterruptedError } from '../../src/core/errors.js';
import { rank, type Ranking } from '../../src/core/run.js';
import { byteToLength, lengthToByte } from '../../src/search/bm25/lengths.js';
import { adjustTies } from '../../src/search/bm25/ties.js';
import { Bm25Index, bm25Names, bm25Settings, type Bm25Settings } from '../../src/search/index.js';
import { golden } from '../helpers/goldens.js';

const lossyLength = (length: number): number => byteToLength(lengthToByte(length));
const flat: Bm25Settings = { ...bm25Settings('anserini-flat'), ties: 'trec_eval' };

function document(id: string, text: string, title = ''): Document {
  return { id, title, text };
}

describe('lengths', () => {
  test('the values of SmallFloat.byte4ToInt', () => {
    expect(Array.from({ length: 44 }, (_, byte) => byteToLength(byte))).toEqual([
      ...Array.from({ length: 40 }, (_, length) => length),
      ...[40, 42, 44, 46],
    ]);
    const above = [41, 60, 75, 100, 110, 127, 170, 191, 2 ** 31 - 1];
    expect(above.map(lossyLength)).toEqual([40, 60, 72, 96, 104, 120, 168, 184, 2013265944]);
  });

  test('a byte stands for the largest length not above the given one', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 31 - 1 }), (length) => {
        const byte = lengthToByte(length);
        expect(byteToLength(byte)).toBeLessThanOrEqual(length);
        if (byte < 255) expect(byteToLength(byte + 1)).toBeGreaterThan(length);
      }),
    );
  });
});

describe('scores', () => {
  interface Bm25sGolden {
    documents: string[];
    queries: string[];
    settings: { k1: number; b: number; scores: number[][] }[];
  }

  test('equal those of bm25s, method "lucene", where lengths are exact', async () => {
    const { documents, queries, settings } = golden(import.meta.url, 'bm25s.json') as Bm25sGolden;
    for (const { k1, b, scores } of settings) {
      const corpus = documents.map((text, i) => document(`d${i}`, text));
      const index = await Bm25Index.build(corpus, { ...flat, k1, b });
      for (const [q, query] of queries.entries()) {
        const { ids, scores: own } = index.search(query, 100);
        expect(ids.length).toBe(scores[q]!.filter((score) => score > 0).length);
        // bm25s computes in float32 too, in another order: some units in the last place apart.
        for (const [i, id] of ids.entries()) expect(own[i]).toBeCloseTo(scores[q]![Number(id.slice(1))]!, 5);
      }
    }
  });

  /** Straight from the formulas, document by document, with Math.fround where Java has floats. */
  function bruteForce(documents: readonly Document[], settings: Bm25Settings, query: string): Map<string, number> {
    const f = Math.fround;
    const words = (text: string): string[] => text.split(' ').filter((word) => word !== '');
    const counts = new Map<string, number>();
    for (const word of words(query)) counts.set(word, (counts.get(word) ?? 0) + 1);
    const perField = settings.fields.map((field) => {
      const texts = documents.map((d) => words(field === 'contents' ? `${d.title} ${d.text}` : d[field]));
      const filled = texts.filter((text) => text.length > 0);
      const average = f(filled.reduce((sum, text) => sum + text.length, 0) / filled.length);
      const [k1, b] = [f(settings.k1), f(settings.b)];
      return texts.map((text) => {
        let sum = -1;
        for (const [word, count] of counts) {
          const frequency = text.filter((other) => other === word).length;
          if (frequency === 0) continue;
          const n = filled.filter((other) => other.includes(word)).length;
          const idf = f(Math.log(1 + (filled.length - n + 0.5) / (n + 0.5)));
          const weight = f(f(count * (settings.legacyFactor ? f(1 + k1) : 1)) * idf);
          const inverse = f(1 / f(k1 * f(f(1 - b) + f(f(b * lossyLength(text.length)) / average))));
          sum = Math.max(sum, 0) + f(weight - f(weight / f(1 + f(frequency * inverse))));
        }
        return sum;
      });
    });
    const scores = new Map<string, number>();
    for (const [d, { id }] of documents.entries()) {
      const found = perField.map((field) => field[d]!).filter((score) => score >= 0);
      if (found.length === 0) continue;
      const best = Math.max(...found.map(f));
      const others = found.map(f).reduce((sum, score) => sum + score, 0) - best;
      const { combine } = settings;
      scores.set(id, f(combine === 'sum' ? found.reduce((a, b) => a + b) : best + others * f(combine.tieBreaker)));
    }
    return scores;
  }

  const text = (maxLength: number): fc.Arbitrary<string> =>
    fc.array(fc.constantFrom('x1', 'x2', 'x3', 'x4', 'x5'), { maxLength }).map((words) => words.join(' '));
  const corpora = fc
    .array(fc.record({ title: text(4), text: fc.oneof(text(8), text(90)) }), { minLength: 1, maxLength: 30 })
    .map((parts) => parts.map((part, i) => ({ id: `d${(i * 7) % 31}`, ...part })));

  test.each(bm25Names)('equal brute force bit by bit, with ties and cut-offs in order: %s', async (name) => {
    const settings: Bm25Settings = { ...bm25Settings(name), ties: 'trec_eval' };
    await fc.assert(
      fc.asyncProperty(corpora, text(4), fc.integer({ min: 1, max: 40 }), async (documents, query, topK) => {
        const expected = bruteForce(documents, settings, query);
        const index = await Bm25Index.build(documents, settings);
        index.search('x1 x5', 3); // what is left of another search must not matter
        expect(index.search(query, topK)).toEqual(rank([...expected.keys()], [...expected.values()], topK));
      }),
      { numRuns: 60 },
    );
  });

  test('the order of the corpus makes no difference', async () => {
    await fc.assert(
      fc.asyncProperty(corpora, text(4), async (documents, query) => {
        for (const settings of bm25Names.map(bm25Settings)) {
          const one = await Bm25Index.build(documents, settings);
          const other = await Bm25Index.build([...documents].reverse(), settings);
          expect(other.search(query, 10)).toEqual(one.search(query, 10));
        }
      }),
      { numRuns: 20 },
    );
  });
});

describe('ties', () => {
  const same = ['b', 'é', 'a', 'c'].map((id) => document(id, 'apple'));

  test('Elasticsearch: by id descending, as trec_eval reads any run', async () => {
    const index = await Bm25Index.build(same, bm25Settings('elasticsearch'));
    expect(index.search('apples', 3).ids).toEqual(['é', 'c', 'b']);
  });

  test('Anserini: by id ascending, kept by lowering tied scores', async () => {
    const index = await Bm25Index.build(same, bm25Settings('anserini-flat'));
    const { ids, scores } = index.search('apples', 3);
    expect(ids).toEqual(['a', 'b', 'c']);
    expect([...scores].map((score) => score.toFixed(6))).toEqual(['0.055500', '0.055499', '0.055498']);
  });

  test('scores as in the comment of ScoreTiesAdjusterReranker', () => {
    const adjusted = adjustTies(Float32Array.of(3.439316, 2.087432, 2.087432, 2.087432, 1.602508));
    expect([...adjusted].map((score) => score.toFixed(6))).toEqual([
      '3.439300',
      '2.087400',
      '2.087399',
      '2.087398',
      '1.602500',
    ]);
  });
});

describe('edges', () => {
  test('an empty corpus, empty queries, queries without a hit', async () => {
    for (const name of bm25Names) {
      const empty = await Bm25Index.build([], bm25Settings(name));
      expect(empty.search('apple', 10).ids).toEqual([]);
      const blank = await Bm25Index.build([document('1', ''), document('2', 'the of', '')], bm25Settings(name));
      expect(blank.search('apple', 10).ids).toEqual([]);
      const one = await Bm25Index.build([document('1', 'Apfel 苹果', 'pomme')], bm25Settings(name));
      for (const query of ['', 'the', '!?', 'pear']) expect(one.search(query, 10).ids).toEqual([]);
      expect(one.search('苹', 10).ids).toEqual(['1']);
      expect(one.search('POMMES', 1).ids).toEqual(['1']);
      expect(one.search('pomme', 0).ids).toEqual([]);
    }
  });

  test('statistics count what Lucene counts', async () => {
    const documents = [document('1', 'apple apple pear', 'fruit'), document('2', 'the pear'), document('3', '')];
    const index = await Bm25Index.build(documents, bm25Settings('elasticsearch'));
    expect(index.statistics).toEqual({
      documents: 3,
      fields: {
        title: { documents: 1, terms: 1, uniqueTerms: 1, postings: 1 },
        text: { documents: 2, terms: 4, uniqueTerms: 2, postings: 3 },
      },
    });
  });

  test('progress adds up, and a raised signal stops', async () => {
    const documents = Array.from({ length: 2500 }, (_, i) => document(`${i}`, 'apple'));
    let done = 0;
    await Bm25Index.build(documents, flat, (count) => (done += count));
    expect(done).toBe(2500);
    await expect(Bm25Index.build(documents, flat, undefined, AbortSignal.abort())).rejects.toThrow(InterruptedError);
  });

  test('two documents of one id are refused', async () => {
    const building = Bm25Index.build([document('7', 'a'), document('8', 'b'), document('7', 'c')], flat);
    await expect(building).rejects.toThrow(
      new InputError('two documents of the corpus have the id "7"; ids are unique'),
    );
  });

  test('unknown settings are named, with the nearest', () => {
    expect(() => bm25Settings('anserini')).toThrow('unknown BM25 settings "anserini"');
    expect(() => bm25Settings('elasticsaerch')).toThrow('did you mean "elasticsearch"?');
    expect(() => bm25Settings('toString')).toThrow(InputError);
  });
});

describe('many queries', () => {
  const word = (i: number): string => `w${i.toString(36)}`;
  const documents = Array.from({ length: 20_000 }, (_, i) =>
    document(
      `${i}`,
      Array.from({ length: 30 }, (_, j) => word((i * (j + 1) * 7919) % (j + 3))).join(' '),
      word(i % 50),
    ),
  );
  const all = async (index: Bm25Index, queries: string[], threads: number): Promise<Ranking[]> => {
    const found: Ranking[] = [];
    for await (const ranking of index.searchAll(queries, 1000, { threads })) found.push(ranking);
    return found;
  };

  test.each(bm25Names)('of %s find in threads what each finds alone', async (name) => {
    const index = await Bm25Index.build(documents, bm25Settings(name));
    // More work than the calling thread takes on.
    const queries = Array.from({ length: 500 }, (_, q) =>
      q % 10 === 3 ? 'nothing' : Array.from({ length: 6 }, (_, i) => word((q * (i + 1)) % 32)).join(' '),
    );
    const alone = queries.map((query) => index.search(query, 1000));
    expect(alone[0]!.ids.length).toBe(1000);
    for (const threads of [1, 3, 4]) expect(await all(index, queries, threads)).toEqual(alone);
    expect(await all(index, queries.slice(0, 3), 4)).toEqual(alone.slice(0, 3));
    expect(await all(index, [], 4)).toEqual([]);
  });

  test('may be left early, and stop at a signal; the threads serve the next search', async () => {
    const index = await Bm25Index.build(documents, flat);
    const queries = Array.from({ length: 400 }, () => 'w0 w1 w2 w3 w4 w5');
    const stop = new AbortController();
    const stopped = async (): Promise<void> => {
      for await (const ranking of index.searchAll(queries, 10, { threads: 2, signal: stop.signal })) {
        expect(ranking.ids).toHaveLength(10);
        stop.abort();
      }
    };
    await expect(stopped()).rejects.toThrow(InterruptedError);
    for await (const ranking of index.searchAll(queries, 10, { threads: 2 })) {
      expect(ranking).toEqual(index.search(queries[0]!, 10));
      break;
    }
    expect(await all(index, queries, 2)).toEqual(queries.map(() => index.search(queries[0]!, 1000)));
  });
});
