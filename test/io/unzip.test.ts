import { readFile, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { InputError } from '../../src/core/errors.js';
import { unzip, type UnzipOptions } from '../../src/io/unzip.js';
import { temporaryFolder } from '../helpers/folder.js';
import { zipOf, type ZipItem } from '../datasets/zip-writer.js';

const options: UnzipOptions = { wanted: () => true, maxBytes: 100 << 20 };

/** Unpacks an archive into a folder inside a folder. @returns both */
async function unpack(
  archive: Uint8Array,
  changes: Partial<UnzipOptions> = {},
): Promise<{ outer: string; inner: string }> {
  const outer = temporaryFolder();
  await writeFile(join(outer, 'archive.zip'), archive);
  const inner = join(outer, 'inner');
  await unzip(join(outer, 'archive.zip'), inner, { ...options, ...changes });
  return { outer, inner };
}

const safe: ZipItem = { name: 'set/readme', data: 'hello' };

describe('unzip', () => {
  it('unpacks the selected files', async () => {
    const archive = zipOf([
      { name: 'set/', data: '', mode: 0o040755 },
      { name: 'set/a.txt', data: 'α', mode: 0o100644 },
      { name: 'set/qrels/test.tsv', data: 'x'.repeat(1000) },
      safe,
    ]);
    const { inner } = await unpack(archive, { wanted: (path) => path !== 'set/readme' });
    expect(await readFile(join(inner, 'set/a.txt'), 'utf8')).toBe('α');
    expect(await readFile(join(inner, 'set/qrels/test.tsv'), 'utf8')).toBe('x'.repeat(1000));
    expect(existsSync(join(inner, 'set/readme'))).toBe(false);
  });

  it.each<[string, ZipItem[], RegExp]>([
    ['a path upwards', [{ name: '../escaped', data: 'x' }], /\.\.\/escaped|invalid directory/],
    ['a path up and down', [{ name: 'set/../../escaped', data: 'x' }], /invalid directory|not a plain relative path/],
    ['an absolute path', [{ name: '/escaped', data: 'x' }], /invalid directory \(absolute path/],
    ['a drive letter', [{ name: 'C:/escaped', data: 'x' }], /invalid directory \(absolute path/],
    ['backslashes', [{ name: 'set\\..\\escaped', data: 'x' }], /invalid directory \(invalid characters/],
    ['a path with a dot', [{ name: 'set/./a', data: 'x' }], /"set\/\.\/a" is not a plain relative path/],
    ['an empty segment', [{ name: 'set//a', data: 'x' }], /"set\/\/a" is not a plain relative path/],
    ['a link', [{ name: 'set/link', data: '/etc/passwd', mode: 0o120777 }], /"set\/link" is a link or device/],
    ['a device', [{ name: 'set/null', data: '', mode: 0o020666 }], /is a link or device/],
    ['a name twice', [safe, safe], /has "set\/readme" twice/],
    ['a name twice in different case', [safe, { name: 'Set/README', data: 'x' }], /has "Set\/README" twice/],
    [
      'a folder with the name of a file',
      [
        { name: 'set', data: 'x' },
        { name: 'set/', data: '' },
      ],
      /has "set\/" twice/,
    ],
    [
      'a file inside a file',
      [
        { name: 'set', data: 'x' },
        { name: 'set/a', data: 'x' },
      ],
      /"set\/a" cannot be unpacked/,
    ],
    [
      'a wrong CRC-32',
      [{ name: 'set/a', data: 'x', declaredCrc: 1 }],
      /"set\/a" cannot be unpacked \(its CRC-32 is wrong\)/,
    ],
    [
      'a zip bomb',
      [{ name: 'set/a', data: Buffer.alloc(20 << 20) }],
      /"set\/a" would unpack from \d+ to 20971520 bytes/,
    ],
    [
      'a bomb that declares 4 GB',
      [{ name: 'set/a', data: 'x', declaredSize: 4_000_000_000 }],
      /would unpack from \d+ to 4000000000/,
    ],
    [
      'a bomb that declares a smaller size',
      [{ name: 'set/a', data: Buffer.alloc(2 << 20), declaredSize: 1000 }],
      /"set\/a" cannot be unpacked \(too many bytes/,
    ],
    [
      'a declared size above the real one',
      [{ name: 'set/a', data: 'x', declaredSize: 1000 }],
      /cannot be unpacked \(not enough bytes/,
    ],
  ])('refuses %s and writes nothing outside the folder', async (_, items, message) => {
    const outer = temporaryFolder();
    const path = join(outer, 'archive.zip');
    await writeFile(path, zipOf(items));
    const unpacking = unzip(path, join(outer, 'inner'), options);
    await expect(unpacking).rejects.toThrow(message);
    await expect(unpacking).rejects.toBeInstanceOf(InputError);
    expect(existsSync(join(outer, 'escaped'))).toBe(false);
    expect(existsSync('/escaped')).toBe(false);
  });

  it('refuses files whose sum is too large, before writing the first', async () => {
    const items = Array.from({ length: 50 }, (_, i) => ({ name: `set/${i}`, data: Buffer.alloc(1 << 20) }));
    const outer = temporaryFolder();
    await writeFile(join(outer, 'archive.zip'), zipOf(items));
    const unpacking = unzip(join(outer, 'archive.zip'), join(outer, 'inner'), { ...options, maxBytes: 40 << 20 });
    await expect(unpacking).rejects.toThrow(/would unpack to more than 41943040 bytes/);
    expect(existsSync(join(outer, 'inner'))).toBe(false);
  });

  it('refuses a file that is not an archive, and a truncated archive', async () => {
    await expect(unpack(Buffer.from('hello'))).rejects.toThrow(/is not a zip archive/);
    const whole = zipOf([{ name: 'set/a', data: 'x'.repeat(5000) }, safe]);
    await expect(unpack(whole.subarray(0, whole.length - 40))).rejects.toThrow(/is not a zip archive, or is damaged/);
  });
});
