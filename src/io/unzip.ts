import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { Entry, ZipFile } from 'yauzl';
import { InputError, inputErrorOf, messageOf, throwIfInterrupted } from '../core/errors.js';
import { systemReason } from '../core/system-errors.js';
import { makeFolder } from './folders.js';
import { maxRatio } from './unpacked-size.js';

const maxEntries = 100_000;
/** Files up to this size may have any ratio. */
const ratioFreeBytes = 1 << 20;

export interface UnzipOptions {
  /** Selects the files to unpack by their path in the archive. All entries are checked. */
  readonly wanted: (path: string) => boolean;
  /** Maximum sum of all unpacked sizes in the archive. */
  readonly maxBytes: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Unpacks an untrusted archive into a new folder. Checks the whole directory before the first byte is written: paths stay
 * below the folder, no links or devices, no duplicate names (ignoring case), no more bytes than allowed. Checks sizes and
 * CRC-32 while unpacking.
 * @returns paths of the unpacked files, in the archive's order
 * @throws InputError for a broken or malicious archive, and for a full disk
 */
export async function unzip(archive: string, folder: string, options: UnzipOptions): Promise<string[]> {
  const zip = await openArchive(archive);
  try {
    const entries = (await checkedEntries(zip, archive, options.maxBytes)).filter(
      ({ fileName }) => !fileName.endsWith('/') && options.wanted(fileName),
    );
    for (const entry of entries) {
      throwIfInterrupted(options.signal);
      await extract(zip, entry, archive, join(folder, entry.fileName));
    }
    return entries.map(({ fileName }) => fileName);
  } finally {
    zip.close();
  }
}

async function openArchive(archive: string): Promise<ZipFile> {
  try {
    const { openPromise } = await import('yauzl');
    return await openPromise(archive, { lazyEntries: true, autoClose: false, strictFileNames: true });
  } catch (error) {
    throw new InputError(`${archive}: is not a zip archive, or is damaged (${messageOf(error)}); download it again`, {
      cause: error,
    });
  }
}

/** Reads and checks all entries. yauzl itself refuses absolute paths, backslashes and "..". */
async function checkedEntries(zip: ZipFile, archive: string, maxBytes: number): Promise<Entry[]> {
  if (zip.entryCount > maxEntries)
    throw new InputError(
      `${archive}: has ${zip.entryCount} entries, expected at most ${maxEntries}; it is not unpacked`,
    );
  const entries: Entry[] = [];
  const names = new Set<string>();
  let bytes = 0;
  try {
    for await (const entry of zip.eachEntry()) {
      requireSafe(entry, archive);
      const name = entry.fileName.replace(/\/$/, '').normalize('NFC').toLowerCase();
      if (names.has(name)) throw new InputError(`${archive}: has "${entry.fileName}" twice; it is not unpacked`);
      names.add(name);
      bytes += entry.uncompressedSize;
      if (bytes > maxBytes) {
        throw new InputError(`${archive}: would unpack to more than ${maxBytes} bytes; it is not unpacked`);
      }
      entries.push(entry);
    }
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new InputError(`${archive}: has an invalid directory (${messageOf(error)}); it is not unpacked`, {
      cause: error,
    });
  }
  return entries;
}

function requireSafe(entry: Entry, archive: string): void {
  const { fileName, externalFileAttributes, uncompressedSize, compressedSize } = entry;
  const type = (externalFileAttributes >>> 16) & constants.S_IFMT;
  if (type !== 0 && type !== constants.S_IFREG && type !== constants.S_IFDIR) {
    throw new InputError(`${archive}: "${fileName}" is a link or device; it is not unpacked`);
  }
  const segments = fileName.replace(/\/$/, '').split('/');
  if (segments.some((segment) => segment === '' || segment === '.' || segment === '..' || segment.includes('\0'))) {
    throw new InputError(`${archive}: "${fileName}" is not a plain relative path; it is not unpacked`);
  }
  if (uncompressedSize > ratioFreeBytes && uncompressedSize > compressedSize * maxRatio) {
    throw new InputError(
      `${archive}: "${fileName}" would unpack from ${compressedSize} to ${uncompressedSize} bytes; it is not unpacked`,
    );
  }
  if (entry.isEncrypted())
    throw new InputError(`${archive}: "${fileName}" is encrypted; expected an archive without a password`);
}

async function extract(zip: ZipFile, entry: Entry, archive: string, path: string): Promise<void> {
  try {
    await makeFolder(dirname(path));
    const file = await open(path, 'wx');
    try {
      let sum = 0;
      for await (const chunk of (await zip.openReadStreamPromise(entry)) as AsyncIterable<Buffer>) {
        sum = crc32(chunk, sum);
        await file.writeFile(chunk);
      }
      if (sum !== entry.crc32) throw new Error('its CRC-32 is wrong');
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (error) {
    if (systemReason(error) !== undefined) throw inputErrorOf(error, `${path}: cannot be written`);
    throw new InputError(`${archive}: "${entry.fileName}" cannot be unpacked (${messageOf(error)})`, { cause: error });
  }
}
