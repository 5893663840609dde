import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { InputError, messageOf } from '../core/errors.js';
import { isErrno, kindOf, sha256OfFile, writeFileAtomic } from '../io/files.js';
import { loadResult } from '../results/store.js';
import { mostShardBytes, parseShard } from '../stores/vectors/shard-file.js';
import { isBucketAddress, storeIdFile, StoreFolder } from '../stores/index.js';

/** What a merge found and did. */
export interface Merged {
  readonly copied: number;
  /** Files that were there already, or in several folders, with the same bytes. */
  readonly same: number;
}

/** A file to be copied: its path below the output folder, and where it is. */
interface Source {
  readonly path: string;
  readonly from: string;
}

/**
 * Copies what is in several stores or results folders into one. Everything is checked before anything is written: stored
 * vectors by their checksums, and that no file has other bytes in another folder (a record may differ in when and where it
 * was made; the first one counts).
 * @throws InputError for a damaged file, or two files of one name with different content
 */
export async function mergeFolders(folders: readonly string[], output: string): Promise<Merged> {
  if ([...folders, output].some(isBucketAddress))
    throw new InputError(
      'merge is for folders: what machines write to one bucket (run --shard I/N --store s3://…) is together already',
    );
  const sources = new Map<string, Source>();
  let same = 0;
  for (const folder of folders) {
    for (const path of await filesIn(folder)) {
      const from = join(folder, path);
      await requireWhole(from);
      const there = join(output, path);
      const other = sources.get(path)?.from ?? ((await kindOf(there)) === 'missing' ? undefined : there);
      if (other === undefined) sources.set(path, { path, from });
      else {
        await requireSame(other, from);
        same++;
      }
    }
  }
  const ordered = [...sources.values()].sort((a, b) => rankOf(a) - rankOf(b));
  for (const { path, from } of ordered) await copy(from, join(output, path));
  return { copied: ordered.length, same };
}

/** A folder with a record is complete, so records come last. */
const rankOf = ({ path }: Source): number => (isRecord(path) ? 1 : 0);
const isRecord = (path: string): boolean => /(^|\/)record\.json$/.test(path);
const isShard = (path: string): boolean => path.endsWith('.vectors');

/** Paths of the files below a folder, without what belongs to one machine alone: half-written files, a store's id. */
async function filesIn(folder: string): Promise<string[]> {
  if ((await kindOf(folder)) !== 'folder')
    throw new InputError(`${folder}: there is no such folder; expected a store or results of "sgpt-bench run"`);
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.tmp') && entry.name !== storeIdFile)
    .map((entry) => join(entry.parentPath, entry.name).slice(join(folder, '/').length));
  if (!paths.some((path) => isShard(path) || isRecord(path)))
    throw new InputError(`${folder}: holds neither results nor stored vectors; is it a folder of "sgpt-bench run"?`);
  return paths.sort();
}

/** Stored vectors have a checksum, and records a schema; other files are compared only. */
async function requireWhole(path: string): Promise<void> {
  if (isRecord(path)) await loadResult(path.slice(0, -'/record.json'.length));
  if (!isShard(path)) return;
  const file = await new StoreFolder(dirname(path)).read(basename(path), mostShardBytes);
  const dtype = path.endsWith('.float16.vectors') ? 'float16' : 'float32';
  const found = file === undefined ? 'was removed meanwhile' : parseShard(file, dtype);
  if (typeof found === 'string')
    throw new InputError(`${path}: ${found}; delete it, and run the share that it belongs to again`);
}

async function requireSame(a: string, b: string): Promise<void> {
  if ((await sha256OfFile(a)) === (await sha256OfFile(b))) return;
  if (isRecord(a) && (await isSameRecord(a, b))) return;
  const hint = isShard(a) ? '; were they computed on different kinds of processors?' : '';
  throw new InputError(`${a} and ${b} have different content${hint}; keep one of them. Nothing was copied`);
}

async function isSameRecord(a: string, b: string): Promise<boolean> {
  const [first, second] = await Promise.all(
    [a, b].map(async (path) => (await loadResult(path.slice(0, -'/record.json'.length)))?.record),
  );
  return isDeepStrictEqual({ ...first, provenance: null }, { ...second, provenance: null });
}

async function copy(from: string, to: string): Promise<void> {
  try {
    await writeFileAtomic(to, createReadStream(from, { highWaterMark: 1 << 20 }) as AsyncIterable<Uint8Array>);
  } catch (error) {
    if (!['ENOSPC', 'EDQUOT', 'EACCES', 'EPERM', 'EROFS', 'ENOTDIR'].some((code) => isErrno(error, code))) throw error;
    throw new InputError(`${to}: cannot be written (${messageOf(error)}); see to it, and merge again to go on`);
  }
}
