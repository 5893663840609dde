import { open, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { z } from 'zod';
import { inputErrorOf } from '../core/errors.js';
import { isErrno, kindOf, readJson, writeFileAtomic } from './files.js';

/** The position at which a download continues. */
export interface ResumePoint {
  /** Bytes that are kept. */
  readonly bytes: number;
  /** ETag or date of the version that the bytes belong to, for If-Range; null if no range is needed. */
  readonly validator: string | null;
}

/**
 * The received bytes of an unfinished download to PATH, in PATH.part. PATH.part.json (the state) has the URL and the
 * validator of the version that they belong to.
 */
export class PartialFile {
  readonly #path: string;
  readonly #part: string;
  readonly #state: string;

  constructor(path: string) {
    this.#path = path;
    this.#part = `${path}.part`;
    this.#state = `${path}.part.json`;
  }

  /**
   * Keeps a complete part (its checksum is checked later), or one that the state assigns to this URL.
   * @param expectedBytes size of the whole file; null if unknown
   */
  async resumePoint(url: string, expectedBytes: number | null): Promise<ResumePoint> {
    const size = await sizeOf(this.#part);
    if (size === expectedBytes) return { bytes: size, validator: null };
    if (size === 0 || (await kindOf(this.#state)) !== 'file') return { bytes: 0, validator: null };
    const state = await readJson(this.#state, stateSchema, 'the state of a download').catch(() => undefined);
    const isUsable =
      state?.url === url && state.validator !== null && (expectedBytes === null || size <= expectedBytes);
    return isUsable ? { bytes: size, validator: state.validator } : { bytes: 0, validator: null };
  }

  async writeState(url: string, validator: string | null): Promise<void> {
    await explainFault(this.#state, () => writeFileAtomic(this.#state, JSON.stringify({ url, validator })));
  }

  /** Opens the part for writing at byte `start`; later bytes are cut off. */
  openAt(start: number): Promise<PartWriter> {
    return PartWriter.open(this.#part, start);
  }

  async discard(): Promise<void> {
    await rm(this.#part, { force: true });
  }

  /** Renames the complete part to PATH. */
  async finish(): Promise<void> {
    await rename(this.#part, this.#path);
    await rm(this.#state, { force: true });
  }
}

const stateSchema = z.object({ url: z.string(), validator: z.string().nullable() });

/** Appends to a part. Methods throw an InputError if the disk is full or the file cannot be written. */
export class PartWriter {
  readonly #path: string;
  readonly #file: FileHandle;
  #size: number;

  private constructor(path: string, file: FileHandle, size: number) {
    this.#path = path;
    this.#file = file;
    this.#size = size;
  }

  static async open(path: string, start: number): Promise<PartWriter> {
    const file = await explainFault(path, () => open(path, start === 0 ? 'w' : 'r+'));
    try {
      await explainFault(path, () => file.truncate(start));
      return new PartWriter(path, file, start);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** Size of the part in bytes. */
  get size(): number {
    return this.#size;
  }

  async append(bytes: Uint8Array): Promise<void> {
    await explainFault(this.#path, async () => {
      for (let done = 0; done < bytes.length;)
        done += (await this.#file.write(bytes, done, bytes.length - done, this.#size + done)).bytesWritten;
    });
    this.#size += bytes.length;
  }

  async sync(): Promise<void> {
    await explainFault(this.#path, () => this.#file.sync());
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}

async function explainFault<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw inputErrorOf(error, `${path}: cannot be written`);
  }
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return 0;
    throw error;
  }
}
