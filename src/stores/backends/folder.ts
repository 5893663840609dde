import { randomBytes } from 'node:crypto';
import { link, open, readdir, rm, stat, writeFile, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { InputError, inputErrorOf } from '../../core/errors.js';
import { isErrno, writeFileAtomic } from '../../io/files.js';
import { makeFolder, requireWritable } from '../../io/folders.js';
import type { StoredFile, StoreBackend } from './backend.js';

/** Older temporary files were left by a process that was killed. */
const staleMilliseconds = 24 * 60 * 60 * 1000;

/** A folder. If several machines share it, its file system must have atomic renames, as NFS has. */
export class StoreFolder implements StoreBackend {
  readonly address: string;
  /** Folders whose old temporary files were removed. */
  readonly #swept = new Set<string>();

  constructor(address: string) {
    this.address = address;
  }

  async requireUsable(): Promise<void> {
    try {
      await makeFolder(this.address);
      await requireWritable(this.address);
    } catch (error) {
      throw this.#unwritable(error);
    }
  }

  async read(name: string, maxBytes: number, memory?: ArrayBuffer): Promise<StoredFile | undefined> {
    const path = join(this.address, name);
    let handle: FileHandle | undefined;
    try {
      handle = await open(path);
      const { size } = await handle.stat();
      return { size, bytes: await readFully(handle, Math.min(size, maxBytes), memory) };
    } catch (error) {
      if (isErrno(error, 'ENOENT')) return undefined;
      throw inputErrorOf(error, `${path}: cannot be read`);
    } finally {
      await handle?.close();
    }
  }

  async write(name: string, bytes: Uint8Array): Promise<void> {
    const path = join(this.address, name);
    await this.#sweep(dirname(path));
    await writeFileAtomic(path, bytes);
  }

  async create(name: string, bytes: Uint8Array): Promise<void> {
    const own = join(this.address, `.${name}.${randomBytes(16).toString('hex')}`);
    try {
      await makeFolder(this.address);
      await writeFile(own, bytes);
      // Only one process succeeds in creating a link, and the file is complete by then.
      await link(own, join(this.address, name)).catch((error: unknown) => {
        if (!isErrno(error, 'EEXIST')) throw error;
      });
    } catch (error) {
      throw this.#unwritable(error);
    } finally {
      await rm(own, { force: true });
    }
  }

  async remove(name: string): Promise<void> {
    const path = join(this.address, name);
    try {
      await rm(path, { force: true });
    } catch (error) {
      throw inputErrorOf(error, `${path}: cannot be removed`);
    }
  }

  /** The error for a folder that cannot be written. */
  #unwritable(error: unknown): InputError {
    const reason = inputErrorOf(error, 'cannot be written').message;
    return new InputError(`--store ${this.address}: ${reason}`, { cause: error });
  }

  /** Removes the temporary files of killed processes, before the first write to a folder of shards. */
  async #sweep(folder: string): Promise<void> {
    if (this.#swept.has(folder)) return;
    this.#swept.add(folder);
    const names = await readdir(folder).catch(() => []);
    for (const name of names.filter((other) => other.endsWith('.tmp'))) {
      const path = join(folder, name);
      const modified = await stat(path).then(
        ({ mtimeMs }) => mtimeMs,
        () => Infinity, // removed meanwhile
      );
      if (modified < Date.now() - staleMilliseconds) await rm(path, { force: true });
    }
  }
}

/** The first `length` bytes; fewer if the file is shorter. */
async function readFully(handle: FileHandle, length: number, memory?: ArrayBuffer): Promise<Buffer<ArrayBuffer>> {
  const fits = memory !== undefined && memory.byteLength >= length;
  const bytes = fits ? Buffer.from(memory, 0, length) : Buffer.allocUnsafeSlow(length);
  for (let done = 0; done < length;) {
    const { bytesRead } = await handle.read(bytes, done, length - done, done);
    if (bytesRead === 0) return bytes.subarray(0, done);
    done += bytesRead;
  }
  return bytes;
}
