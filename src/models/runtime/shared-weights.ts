import { rmSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, statfs } from 'node:fs/promises';
import { hostname, totalmem } from 'node:os';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { cacheFolder } from '../../io/cache-folder.js';
import { isProcessAlive } from '../../io/process-alive.js';
import type { FromWorker, ModelSource, SessionSpec, ToWorker } from './messages.js';
import { startWorker } from './start-worker.js';

/**
 * Weights packed for the processor make a model faster, and each session packs its own: one copy a worker. So a process
 * packs them once and writes them to a file that all workers map into their memory, where they are there once. The file
 * lives as long as the pool: it is larger than the checkpoint, and fits this processor and this runtime alone.
 */
export interface SharedModel {
  readonly source: ModelSource;
  /** Removes the files. */
  readonly release: () => Promise<void>;
}

/** Below this, copies are cheaper than a further process and a file. */
const smallestShared = 64 << 20;
/** The file holds the weights as they are, and packed; and something to spare. */
const diskNeeded = 2.5;
/** While they are packed, the weights are in memory twice. */
const memoryNeeded = 2;

/**
 * Packs a model's weights for several workers.
 * @param weightBytes what they take in float32
 * @returns null where each worker is better off with its own copy, or there is no room for a common one
 */
export async function shareWeights(
  spec: SessionSpec,
  weightBytes: number,
  workers: number,
): Promise<SharedModel | null> {
  if (workers === 1 || weightBytes < smallestShared || spec.device !== 'cpu') return null;
  if (memoryNeeded * weightBytes > 0.7 * totalmem()) return null;
  const folder = await roomFor(diskNeeded * weightBytes);
  if (folder === null) return null;
  const removeNow = (): void => {
    rmSync(folder, { recursive: true, force: true });
  };
  process.once('exit', removeNow);
  const release = async (): Promise<void> => {
    process.off('exit', removeNow);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const path = join(folder, 'model.onnx');
    await keep(spec, path);
    if (await isAligned(path)) return { source: { kind: 'kept', path }, release };
  } catch (error) {
    await release();
    throw error;
  }
  await release();
  return null;
}

/**
 * Whether the packed weights lie in the file as the processor's instructions want them, at multiples of 64 bytes: ONNX
 * Runtime puts them behind the weights as they are, whatever their size, and ends with a fault if they do not. The model
 * has an entry `OPERATOR+HASH|OFFSET;LENGTH;` for each.
 */
async function isAligned(path: string): Promise<boolean> {
  const text = await readFile(path, 'latin1');
  return [...text.matchAll(/\+\d+\|(\d+);\d+;/g)].every(([, offset]) => Number(offset) % 64 === 0);
}

/** A new folder among the caches, if so many bytes fit there and it can be written to. */
async function roomFor(bytes: number): Promise<string | null> {
  const parent = join(cacheFolder(), 'packed');
  try {
    await mkdir(parent, { recursive: true });
    await removeAbandoned(parent);
    const { bavail, bsize } = await statfs(parent);
    if (bavail * bsize < bytes) return null;
    const folder = join(parent, `${process.pid}-${randomBytes(6).toString('hex')}-${hostname()}`);
    await mkdir(folder);
    return folder;
  } catch {
    return null;
  }
}

/** In a process of its own, whose memory is given back when it ends. */
function keep(spec: SessionSpec, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const worker = startWorker();
    worker.once('error', reject);
    worker.once('exit', (code, signal) => {
      reject(new Error(`the process that packs the weights ended early (${signal ?? `exit code ${code}`})`));
    });
    worker.once('message', (message: FromWorker) => {
      if (message.kind === 'ready') resolve();
      else reject(new Error('message' in message ? message.message : message.kind));
      worker.kill('SIGKILL');
    });
    const message: ToWorker = { kind: 'keep', spec, path };
    worker.send(message, () => undefined);
  });
}

/** Removes what processes of this machine left that were killed. */
async function removeAbandoned(parent: string): Promise<void> {
  for (const name of await readdir(parent)) {
    const [, pid, host] = /^(\d+)-[0-9a-f]+-(.*)$/.exec(name) ?? [];
    if (host === hostname() && !isProcessAlive(Number(pid)))
      await rm(join(parent, name), { recursive: true, force: true });
  }
}
