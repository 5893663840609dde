import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { InputError } from '../core/errors.js';
import { kindOf, sha256OfFile, writeFileAtomic } from '../io/files.js';
import { requireWritable } from '../io/folders.js';
import { loadResult } from '../results/store.js';
import { maxShardBytes, parseShard } from '../stores/vectors/shard-file.js';
import { isBucketAddress, storeIdFile, StoreFolder } from '../stores/index.js';

/** Counts of a merge. */
export interface Merged {
  readonly copied: number;
  /** Files that already existed, or occurred in several folders, with the same bytes. */
  readonly same: number;
}

/** A file to copy: its path below the output folder, and its current path. */
interface Source {
  readonly path: string;
  readonly from: string;
}

/**
 * Copies several stores or results folders into one. Everything is checked before anything is written: stored vectors
 * against their checksums, and files of the same name against each other (records may differ in provenance; the first one
 * is copied).
 * @throws InputError for a damaged file, or two files of one name with different content
 */
export async function mergeFolders(folders: readonly string[], output: string): Promise<Merged> {
  if ([...folders, output].some(isBucketAddress))
    throw new InputError(
      'merge is for folders: machines that write to one bucket (run --shard I/N --store s3://…) need no merge',
    );
  await requireWritable(output);
  const sources = new Map<string, Source>();
  let same = 0;
  for (const folder of folders) {
    for (const path of await filesIn(folder)) {
      const from = join(folder, path);
      await requireUndamaged(from);
      const target = join(output, path);
      const other = sources.get(path)?.from ?? ((await kindOf(target)) === 'missing' ? undefined : target);
      if (other === undefined) sources.set(path, { path, from });
      else {
        await requireSame(other, from);
        same++;
      }
    }
  }
  const ordered = [...sources.values()].sort((a, b) => copyOrder(a) - copyOrder(b));
  for (const { path, from } of ordered) await copy(from, join(output, path));
  return { copied: ordered.length, same };
}

/** Records are copied last, as a folder with a record counts as complete. */
const copyOrder = ({ path }: Source): number => (isRecord(path) ? 1 : 0);
const isRecord = (path: string): boolean => /(^|\/)record\.json$/.test(path);
const isShard = (path: string): boolean => path.endsWith('.vectors');

/** Paths of the files in a folder, except those of one machine only: incomplete files, and a store's id. */
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

/** Checks a shard's checksum and a record's schema; other files have neither. */
async function requireUndamaged(path: string): Promise<void> {
  if (isRecord(path)) await loadResult(path.slice(0, -'/record.json'.length));
  if (!isShard(path)) return;
  const file = await new StoreFolder(dirname(path)).read(basename(path), maxShardBytes);
  const dtype = path.endsWith('.float16.vectors') ? 'float16' : 'float32';
  const content = file === undefined ? 'was removed meanwhile' : parseShard(file, dtype);
  if (typeof content === 'string')
    throw new InputError(`${path}: ${content}; delete it, and rerun the share that it belongs to`);
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
  await writeFileAtomic(to, createReadStream(from, { highWaterMark: 1 << 20 }) as AsyncIterable<Uint8Array>);
}
