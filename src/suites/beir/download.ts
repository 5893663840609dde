import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { InputError } from '../../core/errors.js';
import { findBeirFiles } from '../../datasets/beir-folder.js';
import { addressOf, archiveSource, fetchFile, install, type DownloadOptions, type DataSource } from '../install.js';
import type { Archive, BeirEntry } from './entry.js';
import { makeFolder } from '../../io/folders.js';

/**
 * Downloads a data set into `datasetsDir`/NAME and returns that folder; an existing folder is left alone. The folder
 * appears whole or not at all; a stopped download is resumed by the next one.
 * @throws InputError if it is not available, differs from the published file, or is being downloaded already
 */
export async function downloadDataset(entry: BeirEntry, options: DownloadOptions): Promise<string> {
  return install(entry.name, sourceOf(entry, options.mirror), options);
}

/** The folders in BEIR's layout that make up a data set: its own folder, or one per part. */
export function partFolders(entry: BeirEntry, folder: string): string[] {
  return entry.parts.length === 0 ? [folder] : entry.parts.map((part) => join(folder, part.name));
}

function sourceOf(entry: BeirEntry, mirror: string | undefined): DataSource {
  if (mirror === 'hub') return hubSource(entry, 'https://huggingface.co');
  if (mirror?.startsWith('hub+') === true) return hubSource(entry, addressOf(mirror.slice('hub+'.length)));
  if (mirror !== undefined) return beirArchive(entry, `${addressOf(mirror)}/${entry.name}.zip`, entry.archive);
  if (entry.archive !== null) return beirArchive(entry, entry.archive.url, entry.archive);
  throw new InputError(`${entry.name}: cannot be downloaded: ${entry.howToBring ?? 'it is not published'}`);
}

function beirArchive(entry: BeirEntry, url: string, expected: Archive | null): DataSource {
  const root = (unpacked: string): Promise<string> => checkedLayout(entry, join(unpacked, entry.name));
  return archiveSource({ name: entry.name, url, expected, wanted: isDataFile, root });
}

async function checkedLayout(entry: BeirEntry, root: string): Promise<string> {
  for (const part of partFolders(entry, root)) await findBeirFiles(part);
  return root;
}

/** True for the files of BEIR's layout; archives hold others, too (CQADupStack's its raw sources). */
function isDataFile(path: string): boolean {
  return /(?:^|\/)(?:(?:corpus|queries)\.jsonl|qrels\/[^/]+\.tsv)$/.test(path);
}

/**
 * Limit of one file from the hub: twenty times the published archive, which holds all files, and a gigabyte. (The hub's
 * files are compressed like it, or judgements, of which an archive of 20 MB holds 20 MB.) Undefined without an archive.
 */
function maxFileBytes({ archive }: BeirEntry): number | undefined {
  return archive === null ? undefined : 20 * archive.bytes + 1e9;
}

/**
 * Downloads from the Hugging Face hub, which has single files instead of archives: BeIR/NAME with corpus and queries,
 * BeIR/NAME-qrels with judgements. The hub publishes no checksums, so only the suite's counts can be checked.
 */
function hubSource(entry: BeirEntry, address: string): DataSource {
  const { hub } = entry;
  if (hub === null) throw new InputError(`${entry.name}: is not on the hub in BEIR's layout; leave out --mirror hub`);
  const files = new Map([
    ['corpus.jsonl.gz', `${address}/datasets/${hub}/resolve/main/corpus.jsonl.gz`],
    ['queries.jsonl.gz', `${address}/datasets/${hub}/resolve/main/queries.jsonl.gz`],
    ...Object.keys(entry.splits).map(
      (split) => [`qrels/${split}.tsv`, `${address}/datasets/${hub}-qrels/resolve/main/${split}.tsv`] as const,
    ),
  ]);
  return async (unpacking, options) => {
    const root = join(unpacking, entry.name);
    await makeFolder(join(root, 'qrels'));
    for (const [name, url] of files) {
      const path = join(options.datasetsDir, '.downloads', `${entry.name}.${name.replace('/', '.')}`);
      await fetchFile({ url, path, bytes: null, maxBytes: maxFileBytes(entry) }, entry.name, options).catch(
        (error: unknown) => {
          if (!(error instanceof InputError)) throw error;
          throw new InputError(`${error.message} (the hub holds some data sets as Parquet only)`, { cause: error });
        },
      );
      await rename(path, join(root, name));
    }
    return checkedLayout(entry, root);
  };
}
