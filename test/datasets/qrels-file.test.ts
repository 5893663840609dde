import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { InputError } from '../../src/core/errors.js';
import { readQrels } from '../../src/datasets/qrels-file.js';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'qrels-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function file(data: string | Uint8Array): Promise<string> {
  const path = join(folder, 'qrels');
  await writeFile(path, data);
  return path;
}

async function read(data: string | Uint8Array): Promise<[string, [string, number][]][]> {
  return Array.from(await readQrels(await file(data)), ([query, grades]) => [query, [...grades]]);
}

const ten = [
  ['b', 1],
  ['a', 0],
];
const expected = [
  ['10', ten],
  ['9', [['b', -1]]],
];

describe('readQrels', () => {
  it.each([
    ["BEIR's TSV", 'query-id\tcorpus-id\tscore\n10\tb\t1\n10\ta\t0\n9\tb\t-1\n'],
    ['TSV without a header, where BEIR loses the first judgement', '10\tb\t1\n10\ta\t0\n9\tb\t-1\n'],
    ['TREC', '10 0 b 1\n10 0 a 0\n9 0 b -1\n'],
    ['TREC with tabs and spaces', ' 10\t0\tb\t1\n10   Q0 a  0 \n9 0 b -1'],
    ['CRLF and a byte order mark', '\ufeffquery-id\tcorpus-id\tscore\r\n10\tb\t1\r\n10\ta\t0\r\n9\tb\t-1\r\n'],
    ['comments and empty lines', '# two queries\n\n10 0 b 1\n10 0 a 0\n\n9 0 b -1\n'],
    ['whole numbers written as floats', '10 0 b 1.0\n10 0 a 0.00\n9 0 b -1.0\n'],
    ['a repeated judgement', '10 0 b 1\n10 0 a 0\n10 0 b 1\n9 0 b -1\n'],
    ['a query with separated lines', '10 0 b 1\n9 0 b -1\n10 0 a 0\n'],
  ])('reads %s', async (_, text) => {
    expect(await read(text)).toEqual(expected);
    expect(await read(gzipSync(text))).toEqual(expected);
  });

  it('keeps spaces in ids of TSV, and removes the quotes of csv writers', async () => {
    const text = 'query-id\tcorpus-id\tscore\nq 1\ta b\t2\n#1\ta\t1\n"say ""hi"""\t<dbpedia:"Heroes">\t1\n';
    expect(await read(text)).toEqual([
      ['q 1', [['a b', 2]]],
      ['#1', [['a', 1]]],
      ['say "hi"', [['<dbpedia:"Heroes">', 1]]],
    ]);
  });

  it('reads quoted fields with tabs, and a quoted header', async () => {
    expect(await read('"query-id"\t"corpus-id"\t"score"\r\n"q\t1"\td\t"2"\r\n\r\n# end\r\n')).toEqual([
      ['q\t1', [['d', 2]]],
    ]);
  });

  it.each([
    ['an unclosed quotation mark', 'q\td\tg\n1\ta\t1\n"2\tb\t1\n', 'line 3: unclosed quotation mark'],
    [
      'a row with too many columns',
      'q\td\tg\n1\ta\t1\tx\n',
      'line 2 has 4 columns; expected 3 columns separated by tabs',
    ],
    ['a float grade', '1 0 a 1\n1 0 b 0.5\n', 'line 2: the grade is "0.5"; expected a whole number'],
    ['a grade that is a word', 'q\td\tgrade\n1\ta\tyes\n', 'line 2: the grade is "yes"'],
    ['NaN', '1 0 a NaN\n', 'line 1: the grade is "NaN"'],
    ['a huge grade', '1 0 a 12345678901\n', 'line 1: the grade is "12345678901"'],
    ['two grades for a pair', '1 0 a 1\n1 0 a 2\n', 'line 2: document a has grade 2 for query 1, but grade 1 above'],
    [
      'a run',
      'q Q0 a 1 2.5 t\n',
      'line 1 has 6 columns; expected 3 columns separated by tabs (query, document, grade) or 4 separated by white space (query, 0, document, grade); is this a run file?',
    ],
    ['too few columns', '1 0 a 1\n1 0 a\n', 'line 2 has 3 columns; expected 4 separated by white space'],
    [
      'a TSV line without grade',
      'q\td\tgrade\n1\ta\t1\n1\tb\n',
      'line 3 has 2 columns; expected 3 columns separated by tabs',
    ],
    ['an empty id', 'q\td\tgrade\n\ta\t1\n', 'line 2 has an empty id; expected query, document, grade'],
    ['an empty file', '', 'has no judgements'],
    ['only a header', 'query-id\tcorpus-id\tscore\n', 'has no judgements'],
  ])('refuses %s', async (_, text, message) => {
    const path = await file(text);
    await expect(readQrels(path)).rejects.toThrow(InputError);
    await expect(readQrels(path)).rejects.toThrow(`${path}: ${message}`);
  });
});
