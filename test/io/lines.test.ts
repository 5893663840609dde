import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { InputError } from '../../src/core/errors.js';
import { lineBlocks, linesOf } from '../../src/io/lines.js';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lines-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function file(data: string | Uint8Array): Promise<string> {
  const path = join(folder, 'file');
  await writeFile(path, data);
  return path;
}

/** All lines with their numbers. */
async function read(path: string, maxLine?: number): Promise<[number, string][]> {
  const all: [number, string][] = [];
  for await (const block of lineBlocks(path, maxLine))
    linesOf(block).forEach((line, i) => all.push([block.firstLine + i, line]));
  return all;
}

describe('lineBlocks', () => {
  it.each([
    ['terminated', 'a\nb\n', ['a', 'b']],
    ['without a last newline', 'a\nb', ['a', 'b']],
    ['CRLF', 'a\r\nb\r\n', ['a', 'b']],
    ['a byte order mark', '\ufeffa\nb\n', ['a', 'b']],
    ['a byte order mark that is not at the start', 'a\n\ufeffb\n', ['a', '\ufeffb']],
    ['empty lines kept', 'a\n\n\nb\n', ['a', '', '', 'b']],
    ['a carriage return within a line', 'a\rb\n', ['a\rb']],
    ['an empty file', '', []],
    ['one byte', 'a', ['a']],
    ['only a byte order mark', '\ufeff', []],
    ['beyond ASCII', 'é\n漢字\n🙂', ['é', '漢字', '🙂']],
  ])('reads %s', async (_, text, expected) => {
    const numbered = expected.map((line, i) => [i + 1, line]);
    expect(await read(await file(text))).toEqual(numbered);
    expect(await read(await file(gzipSync(text)))).toEqual(numbered);
  });

  it('joins lines and characters across chunks, and numbers them on', async () => {
    const lines = Array.from({ length: 3000 }, (_, i) => `${i} ${'漢é🙂'.repeat(i % 400)}`);
    const text = lines.join('\n') + '\n';
    const expected = lines.map((line, i) => [i + 1, line]);
    expect(Buffer.byteLength(text)).toBeGreaterThan(4 << 20);
    expect(await read(await file(text))).toEqual(expected);
    expect(await read(await file(gzipSync(text)))).toEqual(expected);
  });

  it('reads gzip of several members', async () => {
    expect(await read(await file(Buffer.concat([gzipSync('a\nb'), gzipSync('c\n')])))).toEqual([
      [1, 'a'],
      [2, 'bc'],
    ]);
  });

  it('names the line of invalid UTF-8', async () => {
    const path = await file(Buffer.from('good\ngo\xe9d\n', 'latin1'));
    await expect(read(path)).rejects.toThrow(
      new InputError(`${path}: line 2 is not valid UTF-8; convert the file to UTF-8`),
    );
  });

  it('refuses a line that is too long, in one chunk or over several', async () => {
    await expect(read(await file('short\n' + 'x'.repeat(3 << 20)), 2 << 20)).rejects.toThrow(/line 2 is longer/);
    expect(await read(await file('short\n' + 'x'.repeat(2 << 20)), 2 << 20)).toHaveLength(2);
  });

  it('refuses gzip that unpacks to far more than text does, and millions of blank lines', async () => {
    const bytes = 64 << 20;
    const readAll = async (path: string): Promise<number> => {
      let sum = 0;
      for await (const block of lineBlocks(path)) sum += block.bytes.length;
      return sum;
    };
    for (const line of ['\n', `${' '.repeat(1000)}\n`, '\r\n'])
      await expect(readAll(await file(gzipSync(line.repeat(bytes / line.length))))).rejects.toThrow(
        /file: (unpacks from \d+ to more than \d+ bytes, which text does not|has millions of blank lines)/,
      );
    await expect(readAll(await file('\n'.repeat(bytes)))).rejects.toThrow(/file: has millions of blank lines before/);
    // Short rows, and some blank lines, are what files may have.
    const rows = `1 0 2 1\n${'\n'.repeat(100)}`.repeat(1000) + '1 0 2 1\n'.repeat(4 << 20);
    expect(await readAll(await file(rows))).toBe(rows.length);
  });

  it('refuses missing files, folders and broken gzip', async () => {
    await expect(read(join(folder, 'none'))).rejects.toThrow(/none: there is no such file/);
    await expect(read(folder)).rejects.toThrow(/is a folder/);
    const packed = gzipSync('a\n'.repeat(10000));
    await expect(read(await file(packed.subarray(0, packed.length - 20)))).rejects.toThrow(/broken gzip/);
    packed[packed.length - 6]! ^= 0xff;
    await expect(read(await file(packed))).rejects.toThrow(InputError);
  });

  it('can be stopped early', async () => {
    for await (const block of lineBlocks(await file(gzipSync('a b c\n'.repeat(2_000_000))))) {
      expect(linesOf(block)[0]).toBe('a b c');
      break;
    }
  });
});
