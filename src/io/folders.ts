import { randomBytes } from 'node:crypto';
import { mkdir, open, rm, rmdir, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { InputError, inputErrorOf } from '../core/errors.js';
import { isErrno } from '../core/system-errors.js';

/**
 * Creates a folder and the missing ones above it. (Node's own `recursive` tries for ever where a folder above can never be
 * made, as below /proc.)
 * @returns the created folders, the highest first
 * @throws InputError naming the folder that cannot be created
 */
export async function makeFolder(path: string): Promise<string[]> {
  const missing: string[] = [];
  const created: string[] = [];
  for (let folder = resolve(path); !(await isFolder(folder)); folder = dirname(folder)) {
    missing.push(folder);
    if (folder === dirname(folder)) break;
  }
  for (const folder of missing.reverse()) if (await makeOne(folder)) created.push(folder);
  return created;
}

/** Creates one folder. @returns false if another process has just created it */
async function makeOne(folder: string): Promise<boolean> {
  try {
    await mkdir(folder);
    return true;
  } catch (error) {
    if (isErrno(error, 'EEXIST') && (await isFolder(folder))) return false;
    if (isErrno(error, 'ENOENT'))
      throw new InputError(`${folder}: cannot be created (nothing can be created there); choose another folder`);
    throw inputErrorOf(error, `${folder}: cannot be created`);
  }
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    if (isErrno(error, 'ENOENT') || isErrno(error, 'ENOTDIR')) return false;
    throw inputErrorOf(error, `${path}: cannot be used as a folder`);
  }
}

/** Bytes of a probe: a block of most file systems. */
const probeBytes = 4096;

/**
 * Finds out, before long work, whether files can be written into a folder: it writes one and removes it again, with the
 * folders that it created for it.
 * @throws InputError with the reason: a full disk, a path below a file, missing permissions …
 */
export async function requireWritable(folder: string): Promise<void> {
  const created = await makeFolder(folder);
  const probe = join(folder, `.writable.${randomBytes(6).toString('hex')}`);
  try {
    const file = await open(probe, 'wx');
    try {
      await file.writeFile(randomBytes(probeBytes));
      await file.sync();
    } finally {
      await file.close();
      await rm(probe, { force: true });
    }
  } catch (error) {
    throw inputErrorOf(error, `${folder}: cannot be written`);
  } finally {
    // A folder that another process has put something into stays.
    for (const one of created.reverse()) await rmdir(one).catch(() => undefined);
  }
}
