import fc from 'fast-check';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { InputError } from '../../src/core/errors.js';
import { rank, type Run } from '../../src/core/run.js';
import {
  type QueryRanking,
  readRun,
  type RunFileOptions,
  shortestFloat32,
  streamRun,
  UngroupedRunError,
  writeRun,
} from '../../src/results/run-file.js';
import { parseScore } from '../../src/results/run-line.js';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'run-file-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function file(data: string | Uint8Array): Promise<string> {
  const path = join(folder, 'given.run');
  await writeFile(path, data);
  return path;
}

/** Query → ids with scores, as text. */
function shown(run: Run): Record<string, string> {
  return Object.fromEntries(
    Array.from(run, ([query, { ids, scores }]) => [query, ids.map((id, i) => `${id}:${scores[i]!}`).join(' ')]),
  );
}

async function streamed(path: string, options?: RunFileOptions): Promise<Run> {
  const all: QueryRanking[] = [];
  for await (const one of streamRun(path, options)) all.push(one);
  return new Map(all.map(({ query, ranking }) => [query, ranking]));
}

describe('reading', () => {
  it.each([
    ['plain lines', 'q1 Q0 a 1 2.5 t\nq1 Q0 b 2 1 t\nq2 Q0 a 1 -1 t\n'],
    ['tabs and runs of spaces', 'q1\tQ0\ta\t1\t2.5\tt\n  q1  Q0 b 2   1 t  \nq2 Q0 a 1 -1.0 t'],
    ['CRLF, a byte order mark', '\ufeffq1 Q0 a 1 2.5 t\r\nq1 Q0 b 2 1e0 t\r\nq2 Q0 a 1 -1 t\r\n'],
    ['comments and empty lines', '# made by hand\n\nq1 Q0 a 1 +2.50 t\n  \nq1 Q0 b 2 .1e1 t\n#\nq2 Q0 a 1 -1. t\n'],
    ['wrong ranks and order', 'q1 Q0 b 0 1 t\nq1 Q0 a 0 2.5 t\nq2 Q0 a 0 -1 t\n'],
  ])('reads %s', async (_, text) => {
    for (const data of [text, gzipSync(text)]) {
      const path = await file(data);
      expect(shown(await readRun(path))).toEqual({ q1: 'a:2.5 b:1', q2: 'a:-1' });
      expect(shown(await streamed(path))).toEqual({ q1: 'a:2.5 b:1', q2: 'a:-1' });
    }
  });

  it('puts ties by id, or leaves them as in the file', async () => {
    const path = await file('q Q0 a 1 1 t\nq Q0 c 2 2 t\nq Q0 b 3 1 t\nq Q0 🙂 4 1 t\nq Q0 \uff5e 5 1 t\n');
    expect([...(await readRun(path)).values()][0]!.ids).toEqual(['c', '🙂', '\uff5e', 'b', 'a']);
    for (const read of [readRun, streamed])
      expect([...(await read(path, { ties: 'file' })).values()][0]!.ids).toEqual(['c', 'a', 'b', '🙂', '\uff5e']);
  });

  it('compares scores as float32, or as float64 where ties stay as in the file', async () => {
    const path = await file('q Q0 b 1 1 t\nq Q0 a 2 1.000000001 t\n');
    expect([...(await readRun(path)).values()][0]!.ids).toEqual(['b', 'a']);
    expect([...(await readRun(path, { ties: 'file' })).values()][0]!.ids).toEqual(['a', 'b']);
  });

  it('reads queries whose lines are not together, but does not stream them', async () => {
    const path = await file('q1 Q0 a 1 1 t\nq2 Q0 a 1 3 t\nq1 Q0 b 2 2 t\n');
    expect(shown(await readRun(path))).toEqual({ q1: 'b:2 a:1', q2: 'a:3' });
    await expect(streamed(path)).rejects.toThrow(UngroupedRunError);
    await expect(streamed(path)).rejects.toThrow('line 3: query q1 occurred before');
  });

  it('takes a query whose id begins with # for a query', async () => {
    const path = await file('# a comment of just six words\n#1 Q0 a 1 1 t\n');
    expect([...(await readRun(path)).keys()]).toEqual(['#1']);
  });

  it('tells queries apart that begin alike, and keeps their order', async () => {
    const path = await file('10 Q0 a 1 1 t\n1 Q0 a 1 1 t\n2 Q0 a 1 1 t\n');
    expect([...(await readRun(path)).keys()]).toEqual(['10', '1', '2']);
    expect([...(await streamed(path)).keys()]).toEqual(['10', '1', '2']);
  });

  it('reads a run that is larger than its buffers', async () => {
    const lines = Array.from({ length: 60_000 }, (_, i) => `query${i >> 9} Q0 document-${i} ${i} ${60_000 - i} tag\n`);
    const path = await file(lines.join(''));
    const [whole, pieces] = [await readRun(path), await streamed(path)];
    expect(pieces).toEqual(whole);
    expect(whole.size).toBe(118);
    expect(whole.get('query3')!.ids).toEqual(Array.from({ length: 512 }, (_, i) => `document-${3 * 512 + i}`));
  });
});

describe('refusing', () => {
  const good = 'q Q0 a 1 2 t\n';

  it.each([
    ['too few columns', good + 'q Q0 b 1 2\n', 'line 2 has 5 columns; expected 6'],
    ['too many columns', good + 'q Q0 my b 2 1 t\n', 'line 2 has 7 columns; expected 6'],
    ['many more columns', good + 'q Q0 b 2 1 t and more of it\n', 'line 2 has 10 columns; expected 6'],
    ['NaN', good + 'q Q0 b 2 NaN t\n', 'line 2: the score is "NaN"; expected a finite number'],
    ['infinity', '\n' + good + 'q Q0 b 2 -inf t\n', 'line 3: the score is "-inf"'],
    ["scores beyond float32's range", good + 'q Q0 b 2 1e39 t\n', 'line 2: the score is "1e39"'],
    ['words', good + 'q Q0 b 2 high t\n', 'line 2: the score is "high"'],
    ['hexadecimal', good + 'q Q0 b 2 0x10 t\n', 'line 2: the score is "0x10"'],
    [
      'a document twice',
      good + 'q Q0 b 2 1 t\nq Q0 a 3 0 t\n',
      'line 3: document a occurs twice for query q (first in line 1)',
    ],
    ['no line at all', '', 'is empty; expected lines of'],
    ['nothing but comments', '# nothing\n\n', 'is empty; expected lines of'],
    [
      'judgements',
      'q 0 a 1\n',
      'line 1 has 4 columns; expected 6: query Q0 document rank score tag, ids without white space (are these judgements?)',
    ],
  ])('%s', async (_, text, message) => {
    const path = await file(text);
    for (const read of [readRun, streamed]) {
      await expect(read(path)).rejects.toThrow(InputError);
      await expect(read(path)).rejects.toThrow(`${path}: ${message}`);
    }
  });

  it('not infinite scores where they are accepted: all of them are ranked, whatever the order of ties', async () => {
    const path = await file('q Q0 a 1 -inf t\nq Q0 b 2 inf t\nq Q0 c 3 0 t\nq Q0 d 4 Infinity t\nq Q0 e 5 -1e50 t\n');
    const byId = (await readRun(path, { infinite: 'accept' })).get('q')!;
    expect(byId.ids).toEqual(['d', 'b', 'c', 'e', 'a']);
    expect([...byId.scores]).toEqual([Infinity, Infinity, 0, -Infinity, -Infinity]);
    const byFile = (await readRun(path, { infinite: 'accept', ties: 'file' })).get('q')!;
    expect(byFile.ids).toEqual(['b', 'd', 'c', 'e', 'a']);
    const nan = await file('q Q0 a 1 nan t\n');
    await expect(readRun(nan, { infinite: 'accept' })).rejects.toThrow('the score is "nan"; expected a number');
  });

  it('a file that is not there', async () => {
    await expect(readRun(join(folder, 'none'))).rejects.toThrow('none: there is no such file');
  });
});

describe('parseScore', () => {
  it('reads decimals as Number does', () => {
    const decimal = fc.stringMatching(/^[+-]?\d{0,12}\.?\d{0,12}(e[+-]?\d{1,2})?$/);
    fc.assert(
      fc.property(decimal, (text) => {
        const expected = /\d/.test(text.split('e')[0]!) ? Number(text) : NaN;
        expect(parseScore(`x${text}y`, 1, 1 + text.length)).toBe(expected);
      }),
      { numRuns: 5000 },
    );
  });

  it.each(['', '.', '+', '-.', '1e', 'e5', '1.2.3', '--1', '1_000', 'NaN', 'infinit', '0b1', '٣'])(
    'refuses "%s"',
    (text) => {
      expect(parseScore(text, 0, text.length)).toBeNaN();
    },
  );
});

describe('writing', () => {
  const run: Run = new Map([
    ['10', rank(['a', 'b', 'ü'], [0.1, 0.30000001192092896, -5e-8])],
    ['9', rank(['a'], [16777216])],
    ['empty', rank([], [])],
  ]);

  it('writes ranks from 1 and scores in full', async () => {
    const path = join(folder, 'sub', 'out.run');
    await writeRun(path, run, 'my-system');
    expect(await readFile(path, 'utf8')).toBe(
      '10 Q0 b 1 0.3 my-system\n10 Q0 a 2 0.1 my-system\n10 Q0 ü 3 -5e-8 my-system\n9 Q0 a 1 16777216 my-system\n',
    );
    expect(await readdir(join(folder, 'sub'))).toEqual(['out.run']);
  });

  it('compresses where the name says so, to the same bytes each time', async () => {
    const [plain, packed, again] = ['a.run', 'a.run.gz', 'b.run.gz'].map((name) => join(folder, name));
    for (const path of [plain!, packed!, again!]) await writeRun(path, run, 't');
    const bytes = await readFile(packed!);
    expect(gunzipSync(bytes)).toEqual(await readFile(plain!));
    expect(bytes).toEqual(await readFile(again!));
    expect(bytes.readUInt32LE(4), 'time of modification').toBe(0);
  });

  it('gives back what was written', async () => {
    const scored = fc.uniqueArray(
      fc.tuple(fc.stringMatching(/^\S{1,6}$/u), fc.float({ noNaN: true, noDefaultInfinity: true })),
      {
        minLength: 1,
        maxLength: 8,
        selector: ([id]) => id,
      },
    );
    const path = join(folder, 'round-trip.run.gz');
    await fc.assert(
      fc.asyncProperty(fc.array(scored, { minLength: 1, maxLength: 4 }), async (queries) => {
        const rankings = queries.map((documents) => {
          const scores = documents.map(([, score]) => score + 0); // -0 and 0 are one score
          return rank(
            documents.map(([id]) => id),
            scores,
          );
        });
        const original: Run = new Map(rankings.map((ranking, i) => [`q${i}`, ranking]));
        await writeRun(path, original, 't');
        expect(await readRun(path)).toEqual(original);
      }),
      { numRuns: 100 },
    );
  });

  it('never gives a score that is not finite, whatever the file says', async () => {
    const score = fc.oneof(
      fc.double().map(String),
      fc.constantFrom(
        'nan',
        'NaN',
        'inf',
        '-inf',
        'Infinity',
        '1e39',
        '-1e400',
        '3.5e38',
        '1e-60',
        '0x10',
        '1_0',
        '--1',
      ),
      fc.string({ minLength: 1, maxLength: 8 }),
    );
    const path = join(folder, 'any-score.run');
    await fc.assert(
      fc.asyncProperty(fc.array(score, { minLength: 1, maxLength: 5 }), async (scores) => {
        await writeFile(path, scores.map((text, i) => `q Q0 d${i} 1 ${text} t\n`).join(''));
        const run = await readRun(path).catch((error: unknown) => {
          expect(error).toBeInstanceOf(InputError);
          return new Map() as Run;
        });
        for (const ranking of run.values()) expect(ranking.scores.every(Number.isFinite)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it('writes no score that is not finite', async () => {
    const path = join(folder, 'infinite.run');
    for (const score of [NaN, Infinity, -Infinity]) {
      const run: Run = new Map([['q', { ids: ['a', 'b'], scores: Float32Array.of(1, score) }]]);
      await expect(writeRun(path, run, 't')).rejects.toThrow(`the score of document b for query q is ${score};`);
    }
    expect((await readdir(folder)).filter((name) => name.includes('infinite'))).toEqual([]);
  });

  it.each([
    ['tag', new Map(), 'two words'],
    ['query id', new Map([['q 1', rank(['a'], [1])]]), 't'],
    ['document id', new Map([['q', rank(['a b'], [1])]]), 't'],
    ['document id', new Map([['q', rank([''], [1])]]), 't'],
  ])('refuses a %s that would not be read back', async (what, bad: Run, tag) => {
    const path = join(folder, 'bad.run');
    await expect(writeRun(path, bad, tag)).rejects.toThrow(`the ${what} "`);
    expect((await readdir(folder)).filter((name) => name.includes('bad.run'))).toEqual([]);
  });
});

describe('shortestFloat32', () => {
  it('reads back as the same float32, in no more digits than need be', () => {
    fc.assert(
      fc.property(fc.float({ noNaN: true, noDefaultInfinity: true }), (value) => {
        const text = shortestFloat32(value);
        expect(Math.fround(Number(text))).toBe(value + 0);
        expect(text.replace(/e.*|\D/g, '').replace(/^0+|0+$/g, '').length).toBeLessThanOrEqual(9);
      }),
      { numRuns: 2000 },
    );
    expect(['0.1', '1.1', '3.1415927', '3.4028235e+38'].map((t) => shortestFloat32(Math.fround(Number(t))))).toEqual([
      '0.1',
      '1.1',
      '3.1415927',
      '3.4028235e+38',
    ]);
  });
});
