import { link, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { InputError } from '../core/errors.js';
import { isErrno } from './files.js';
import { isProcessAlive } from './process-alive.js';

/**
 * Does work while holding a lock file, so that no other process does the same. The lock of a process that has died is
 * taken over; one from another machine (a shared disk) never is, since its processes cannot be seen from here.
 * @param what names the work in the error
 * @throws InputError if another process holds the lock
 */
export async function withLock<T>(path: string, what: string, work: () => Promise<T>): Promise<T> {
  await mkdir(dirname(path), { recursive: true });
  await acquire(path, what);
  try {
    return await work();
  } finally {
    await rm(path, { force: true });
  }
}

async function acquire(path: string, what: string): Promise<void> {
  if (await create(path)) return;
  const holder = await contentOf(path);
  if (isStale(holder) && (await removeStale(path, holder)) && (await create(path))) return;
  throw held(path, what, holder);
}

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

/** An empty lock is one whose maker is just writing it. */
function isStale(holder: string): boolean {
  const [pid, host] = holder.trim().split(' ');
  return host === hostname() && /^\d+$/.test(pid ?? '') && !isProcessAlive(Number(pid));
}

/** Takes the lock away by renaming, which one process only can do; what turns out to be a newer lock is put back. */
async function removeStale(path: string, holder: string): Promise<boolean> {
  const aside = `${path}.${process.pid}.stale`;
  try {
    await rename(path, aside);
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return false;
    throw error;
  }
  const same = (await contentOf(aside)) === holder;
  if (!same) await link(aside, path).catch(() => undefined);
  await rm(aside, { force: true });
  return same;
}

function held(path: string, what: string, holder: string): InputError {
  const [pid, host] = holder.trim().split(' ');
  const where = host === hostname() ? '' : ` on ${host}`;
  const who = host === undefined ? 'another process' : `process ${pid}${where}`;
  return new InputError(`${what} is under way in ${who}; wait for it, or delete ${path} if that process is gone`);
}
