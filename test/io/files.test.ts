import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { InputError, unknownName } from '../../src/core/errors.js';
import { readJson, writeFileAtomic } from '../../src/io/files.js';
import { temporaryFolder } from '../helpers/folder.js';

describe('writeFileAtomic', () => {
  it('writes strings, bytes and streams, and creates folders', async () => {
    const folder = temporaryFolder();
    await writeFileAtomic(join(folder, 'a/b.txt'), 'text');
    await writeFileAtomic(join(folder, 'a/c.txt'), Uint8Array.of(65, 66));
    async function* chunks(): AsyncGenerator<string> {
      yield 'one ';
      await Promise.resolve();
      yield 'two';
    }
    await writeFileAtomic(join(folder, 'a/d.txt'), chunks());
    const read = (name: string): string => readFileSync(join(folder, 'a', name), 'utf8');
    expect([read('b.txt'), read('c.txt'), read('d.txt')]).toEqual(['text', 'AB', 'one two']);
  });

  it('keeps the old file, and no temporary file, if writing fails', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'a.txt'), 'old');
    async function* broken(): AsyncGenerator<string> {
      yield 'new';
      await Promise.resolve();
      throw new Error('source failed');
    }
    await expect(writeFileAtomic(join(folder, 'a.txt'), broken())).rejects.toThrow('source failed');
    expect(readdirSync(folder)).toEqual(['a.txt']);
    expect(readFileSync(join(folder, 'a.txt'), 'utf8')).toBe('old');
  });
});

describe('readJson', () => {
  const schema = z.object({ size: z.number() });
  it.each([
    ['{"size": "big"}', /config\.json: field "size".*expected a model's config/],
    ['{"size": 1', /config\.json: is not valid JSON.*expected a model's config/],
  ])('names the fault of %s', async (text, message) => {
    const path = join(temporaryFolder(), 'config.json');
    writeFileSync(path, text);
    await expect(readJson(path, schema, "a model's config")).rejects.toThrow(message);
    await expect(readJson(path, schema, "a model's config")).rejects.toBeInstanceOf(InputError);
  });

  it('names a missing file', async () => {
    const path = join(temporaryFolder(), 'none.json');
    await expect(readJson(path, schema, 'x')).rejects.toThrow(`${path}: there is no such file`);
  });
});

describe('unknownName', () => {
  it('suggests what was probably meant, and lists the rest', () => {
    expect(unknownName('pooling', 'weightdmean', ['mean', 'weightedmean']).message).toBe(
      'unknown pooling "weightdmean", did you mean "weightedmean"? known: mean, weightedmean',
    );
    expect(unknownName('pooling', 'zzz', ['mean']).message).toBe('unknown pooling "zzz"; known: mean');
  });
});
