import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { InputError } from '../../src/core/errors.js';
import { delimitedRows, type DelimitedFormat } from '../../src/datasets/delimited.js';
import { temporaryFolder, writeFiles } from '../helpers/folder.js';

const csv: DelimitedFormat = { delimiter: ',', quoting: true };
const tsv: DelimitedFormat = { delimiter: '\t', quoting: false };

async function file(content: string | Uint8Array): Promise<string> {
  const folder = temporaryFolder();
  await writeFiles(folder, { table: content });
  return join(folder, 'table');
}

/** Each row as its line and its fields. */
async function read(path: string, format: DelimitedFormat, maxLineBytes?: number): Promise<unknown[][]> {
  const all: unknown[][] = [];
  for await (const rows of delimitedRows(path, format, maxLineBytes))
    all.push(...rows.map(({ line, fields }) => [line, ...fields]));
  return all;
}

describe('rows', () => {
  it.each<[string, DelimitedFormat, string, unknown[][]]>([
    [
      'of CSV',
      csv,
      'a,b\nc,d\n',
      [
        [1, 'a', 'b'],
        [2, 'c', 'd'],
      ],
    ],
    [
      'of TSV without a last newline',
      tsv,
      'a\tb\nc\td',
      [
        [1, 'a', 'b'],
        [2, 'c', 'd'],
      ],
    ],
    [
      'with quoted fields',
      csv,
      '"a,1","say ""hi""",""\nx,y,z\n',
      [
        [1, 'a,1', 'say "hi"', ''],
        [2, 'x', 'y', 'z'],
      ],
    ],
    [
      'with a quoted field over several lines',
      csv,
      'a,"1\r\n2\n3"\nb,4\n',
      [
        [1, 'a', '1\r\n2\n3'],
        [4, 'b', '4'],
      ],
    ],
    ['with quotation marks within an unquoted field', csv, '5" disk,<"x">\n', [[1, '5" disk', '<"x">']]],
    [
      'without quoting, where quotation marks are text',
      tsv,
      '"a\t"b"\n"\n',
      [
        [1, '"a', '"b"'],
        [2, '"'],
      ],
    ],
    [
      'with CRLF and a byte order mark',
      csv,
      '\ufeff"a",b\r\nc,"d"\r\n',
      [
        [1, 'a', 'b'],
        [2, 'c', 'd'],
      ],
    ],
    ['with a carriage return within a line', tsv, 'a\rb\tc\n', [[1, 'a\rb', 'c']]],
    [
      'of different lengths',
      csv,
      'a\nb,c,d\n,\n',
      [
        [1, 'a'],
        [2, 'b', 'c', 'd'],
        [3, '', ''],
      ],
    ],
    [
      'with empty lines, which count',
      csv,
      '\na\n\r\n\nb\n',
      [
        [1, ''],
        [2, 'a'],
        [3, ''],
        [4, ''],
        [5, 'b'],
      ],
    ],
    ['with another delimiter', { delimiter: '||', quoting: true }, 'a||b|c||"d||e"\n', [[1, 'a', 'b|c', 'd||e']]],
    ['of an empty file', csv, '', []],
  ])('%s', async (_, format, text, expected) => {
    expect(await read(await file(text), format)).toEqual(expected);
    expect(await read(await file(gzipSync(text)), format)).toEqual(expected);
  });

  it('are the same for any block boundaries', async () => {
    const expected = Array.from({ length: 40_000 }, (_, i) => [
      `row ${i}`,
      `"${'é\n'.repeat(i % 60)}"`,
      'x'.repeat(i % 7),
    ]);
    const quoted = (field: string): string => `"${field.replaceAll('"', '""')}"`;
    const text = expected.map((row) => row.map(quoted).join(',')).join('\r\n');
    expect(Buffer.byteLength(text)).toBeGreaterThan(3 << 20);
    const rows = await read(await file(text), csv);
    expect(rows.map(([, ...fields]) => fields)).toEqual(expected);
    const lines = text.split('\n');
    for (const [line, name] of rows) expect(lines[(line as number) - 1]).toContain(`"${name as string}"`);
  });
});

describe('delimitedRows refuses', () => {
  it.each<[string, string]>([
    ['an unclosed quotation mark', 'a,b\n"c\n\nd,e\nf'],
    ['an unclosed quotation mark in the last line', 'a,b\n"c'],
    ['an unclosed quotation mark before more than 4 MiB', `a,b\n"c${'\nd,e'.repeat(2_000_000)}\n`],
  ])('%s', async (_, text) => {
    const path = await file(text);
    await expect(read(path, csv)).rejects.toThrow(InputError);
    await expect(read(path, csv)).rejects.toThrow(
      `${path}: line 2: unclosed quotation mark; expected "…", with "" for a quotation mark inside it`,
    );
  });

  it('a line that is too long, invalid UTF-8, broken gzip', async () => {
    await expect(read(await file(`a\n${'x'.repeat(3 << 20)}`), tsv, 1 << 20)).rejects.toThrow(/line 2 is longer than/);
    const latin = await file(Buffer.from('a\té\nb\n', 'latin1'));
    await expect(read(latin, tsv)).rejects.toThrow(/line 1 is not valid UTF-8/);
    await expect(read(await file(gzipSync('a\tb\n'.repeat(99)).subarray(0, 20)), tsv)).rejects.toThrow(/broken gzip/);
  });
});
