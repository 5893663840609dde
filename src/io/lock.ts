import { link, open, readFile, rename, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { InputError } from '../core/errors.js';
import { isErrno } from './files.js';
import { makeFolder } from './folders.js';
import { isProcessAlive } from './process-alive.js';

/**
 * Does work under a lock file (`PID HOST`), so that one process at a time does it. Takes over a stale lock: one of an
 * ended process of this machine. Processes of other machines (on a shared disk) are not visible, so their locks stay.
 * @param path of the lock file; its folder is created
 * @param what the work, for the error
 * @throws InputError if another process holds the lock
 */
export async function withLock<T>(path: string, what: string, work: () => Promise<T>): Promise<T> {
  await makeFolder(dirname(path));
  await acquire(path, what);
  try {
    return await work();
  } finally {
    await rm(path, { force: true });
  }
}

async function acquire(path: string, what: string): Promise<void> {
  if (await create(path)) return;
  const owner = await contentOf(path);
  if (isStale(owner) && (await removeStale(path, owner)) && (await create(path))) return;
  throw lockedBy(owner, path, what);
}

/** Creates the lock file. @returns false if there is one */
async function create(path: string): Promise<boolean> {
  try {
    const file = await open(path, 'wx');
    await file.writeFile(`${process.pid} ${hostname()}\n`);
    await file.close();
    return true;
  } catch (error) {
    if (isErrno(error, 'EEXIST')) return false;
    throw error;
  }
}

async function contentOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return '';
    throw error;
  }
}

/** An empty lock file is not stale: its owner is just writing it. */
function isStale(owner: string): boolean {
  const [pid, host] = owner.trim().split(' ');
  return host === hostname() && /^\d+$/.test(pid ?? '') && !isProcessAlive(Number(pid));
}

/**
 * Renames the stale lock, which only one of several processes can do, and deletes it. Restores it if it turns out to be
 * a newer lock.
 * @returns true if the stale lock is gone
 */
async function removeStale(path: string, owner: string): Promise<boolean> {
  const aside = `${path}.${process.pid}.stale`;
  try {
    await rename(path, aside);
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return false;
    throw error;
  }
  const isSame = (await contentOf(aside)) === owner;
  if (!isSame) await link(aside, path).catch(() => undefined);
  await rm(aside, { force: true });
  return isSame;
}

function lockedBy(owner: string, path: string, what: string): InputError {
  const [pid, host] = owner.trim().split(' ');
  const where = host === hostname() ? '' : ` on ${host}`;
  const who = host === undefined ? 'another process' : `process ${pid}${where}`;
  return new InputError(`${what} is running in ${who}; wait for it, or delete ${path} if that process has ended`);
}
