import { existsSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { InputError } from '../../src/core/errors.js';
import { makeFolder, requireWritable } from '../../src/io/folders.js';
import { temporaryFolder } from '../helpers/folder.js';

const refusal = async (work: Promise<unknown>): Promise<string> => {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(InputError);
  return (error as InputError).message;
};

describe('makeFolder', () => {
  it('creates what is missing, and says what it created', async () => {
    const root = temporaryFolder();
    expect(await makeFolder(join(root, 'a/b/c'))).toEqual(['a', 'a/b', 'a/b/c'].map((name) => join(root, name)));
    expect(await makeFolder(join(root, 'a/b/c'))).toEqual([]);
    await Promise.all(Array.from({ length: 8 }, () => makeFolder(join(root, 'x/y/z'))));
    expect(existsSync(join(root, 'x/y/z'))).toBe(true);
  });

  it.runIf(existsSync('/proc/self'))('ends where nothing can be created', async () => {
    expect(await refusal(makeFolder('/proc/nothing/here'))).toMatch(
      /^\/proc\/nothing: cannot be created \(nothing can/,
    );
  });

  it('names the file, the loop or the character in the way', async () => {
    const root = temporaryFolder();
    writeFileSync(join(root, 'file'), '');
    symlinkSync('two', join(root, 'one'));
    symlinkSync('one', join(root, 'two'));
    symlinkSync('nowhere', join(root, 'dangling'));
    expect(await refusal(makeFolder(join(root, 'file/a/b')))).toMatch(
      /file: cannot be created \(there is a file in its/,
    );
    expect(await refusal(makeFolder(join(root, 'one/a')))).toMatch(/one\/a: .*symbolic links lead back to themselves/);
    expect(await refusal(makeFolder(join(root, 'dangling/a')))).toMatch(/dangling: cannot be created/);
    expect(await refusal(makeFolder(join(root, 'a\0b')))).toMatch(/a\\x00b: .*the path holds a NUL character/);
    expect(await refusal(makeFolder(join(root, 'x'.repeat(300))))).toMatch(/the name is too long for the file system/);
  });
});

describe('requireWritable', () => {
  it('leaves nothing behind, neither in an existing folder nor a new one', async () => {
    const root = temporaryFolder();
    await requireWritable(join(root, 'a/b'));
    await requireWritable(root);
    expect(readdirSync(root)).toEqual([]);
  });
});
