import { randomBytes } from 'node:crypto';
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { InputError, messageOf } from '../core/errors.js';
import { isErrno, writeFileAtomic } from '../core/files.js';

/** Lies in a store that several machines use, so that they can tell that it is the same folder. */
export const storeIdFile = 'store-id';

/**
 * Makes the folder if need be, and sees that files can be written there.
 * @throws InputError for a folder without permission, on a full disk, or that cannot be
 */
export async function requireWritableStore(folder: string): Promise<void> {
  const probe = join(folder, `.writable.${randomBytes(6).toString('hex')}`);
  try {
    await mkdir(folder, { recursive: true });
    await writeFileAtomic(probe, randomBytes(4096));
    await rm(probe);
  } catch (error) {
    throw storeFault(folder, error);
  }
}

/** What keeps a store from being written, in a sentence. */
function storeFault(folder: string, error: unknown): InputError {
  const full = isErrno(error, 'ENOSPC') || isErrno(error, 'EDQUOT');
  const reason = full ? 'the disk is full' : messageOf(error);
  const remedy = full ? 'make room' : 'check the folder and its permissions';
  return new InputError(`--store ${folder}: cannot be written (${reason}); ${remedy}, and run the same command again`);
}

/** The store's id; it gets one if it has none. */
export async function makeStoreId(folder: string): Promise<string> {
  const path = join(folder, storeIdFile);
  const id = randomBytes(16).toString('hex');
  const own = join(folder, `.${storeIdFile}.${id}`);
  try {
    await writeFile(own, `${id}\n`);
    // A link is made by one process only, and with its content.
    await link(own, path).catch((error: unknown) => {
      if (!isErrno(error, 'EEXIST')) throw error;
    });
    await rm(own, { force: true });
  } catch (error) {
    await rm(own, { force: true });
    throw storeFault(folder, error);
  }
  return (await readFile(path, 'utf8')).trim();
}

/** The store's id, or undefined where it has none: no run uses it with a queue. */
export async function readStoreId(folder: string): Promise<string | undefined> {
  try {
    return (await readFile(join(folder, storeIdFile), 'utf8')).trim();
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw new InputError(`--store ${folder}: cannot be read (${messageOf(error)})`);
  }
}
