import { rmSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, statfs } from 'node:fs/promises';
import { hostname, totalmem } from 'node:os';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { cacheFolder } from '../../io/cache-folder.js';
import { isProcessAlive } from '../../io/process-alive.js';
import type { FromWorker, ModelSource, SessionSpec, ToWorker } from './messages.js';
import { progressLimit, secondsToOpen } from './progress-limit.js';
import { startWorker } from './start-worker.js';
import { makeFolder } from '../../io/folders.js';

/**
 * A model whose workers share one copy of the weights. A model is faster if its weights are packed for the processor,
 * but each session packs its own copy: one per worker. So a separate process packs them once and writes them to a file,
 * which all workers map into memory. The file is deleted with the pool: it is larger than the checkpoint, and fits only
 * this processor and this version of the runtime.
 */
export interface SharedModel {
  readonly source: ModelSource;
  /** Deletes the files. */
  readonly release: () => Promise<void>;
}

/** Smallest weights to share: for smaller ones, copies are cheaper than another process and a file. */
const minSharedBytes = 64 << 20;
/** Disk space needed per byte of weights: the file contains them unpacked and packed, plus a reserve. */
const diskFactor = 2.5;
/** Memory needed per byte of weights: during packing, they are in memory twice. */
const memoryFactor = 2;

/**
 * Packs a model's weights for several workers.
 * @param weightBytes size of the weights in float32
 * @returns null if one copy per worker is better, or there is not enough memory or disk space to share one
 */
export async function shareWeights(
  spec: SessionSpec,
  weightBytes: number,
  workers: number,
): Promise<SharedModel | null> {
  if (workers === 1 || weightBytes < minSharedBytes || spec.device !== 'cpu') return null;
  if (memoryFactor * weightBytes > 0.7 * totalmem()) return null;
  const folder = await createFolder(diskFactor * weightBytes);
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
    await saveModel(spec, path);
    if (await isAligned(path)) return { source: { kind: 'saved', path }, release };
  } catch (error) {
    await release();
    throw error;
  }
  await release();
  return null;
}

/**
 * True if the packed weights are aligned to 64 bytes in the file, as the processor's instructions require. ONNX Runtime
 * writes them right after the unpacked weights, whose size may be anything, and crashes if they are misaligned. The
 * model file has one entry `OPERATOR+HASH|OFFSET;LENGTH;` per packed weight.
 */
async function isAligned(path: string): Promise<boolean> {
  const text = await readFile(path, 'latin1');
  return [...text.matchAll(/\+\d+\|(\d+);\d+;/g)].every(([, offset]) => Number(offset) % 64 === 0);
}

/** Creates a folder in the cache; returns null if the disk has too little space or the folder cannot be created. */
async function createFolder(bytes: number): Promise<string | null> {
  const parent = join(cacheFolder(), 'packed');
  try {
    await makeFolder(parent);
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

/** Packs the weights and saves the model, in a separate process, so that its memory is freed when it ends. */
function saveModel(spec: SessionSpec, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const worker = startWorker();
    setTimeout(() => worker.kill('SIGKILL'), secondsToOpen(progressLimit()) * 1000).unref();
    worker.once('error', reject);
    worker.once('exit', (code, signal) => {
      reject(new Error(`the process that packs the weights ended early (${signal ?? `exit code ${code}`})`));
    });
    worker.once('message', (message: FromWorker) => {
      if (message.kind === 'ready') resolve();
      else reject(new Error('message' in message ? message.message : message.kind));
      worker.kill('SIGKILL');
    });
    const message: ToWorker = { kind: 'save', spec, path };
    worker.send(message, () => undefined);
  });
}

/** Removes folders that killed processes of this machine left behind. */
async function removeAbandoned(parent: string): Promise<void> {
  for (const name of await readdir(parent)) {
    const [, pid, host] = /^(\d+)-[0-9a-f]+-(.*)$/.exec(name) ?? [];
    if (host === hostname() && !isProcessAlive(Number(pid)))
      await rm(join(parent, name), { recursive: true, force: true });
  }
}
