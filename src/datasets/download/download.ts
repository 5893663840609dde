import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import pLimit from 'p-limit';
import { downloadFile, usualPatience, type FileRequest, type Patience } from '../../core/download.js';
import { InputError } from '../../core/errors.js';
import { kindOf } from '../../core/files.js';
import { withLock } from '../../core/lock.js';
import type { Progress } from '../../core/runner.js';
import { findBeirFiles } from '../beir.js';
import type { Archive, BeirEntry } from '../catalogue.js';
import { unzip } from './unzip.js';

/** Data sets downloaded at the same time. */
const parallelDownloads = 2;
/** Text packs to a quarter or less; what claims to be twenty-five times its archive is a trap. */
const maxUnpackedRatio = 25;
const unpackedAllowance = 64 << 20;

export interface DownloadOptions {
  readonly datasetsDir: string;
  /**
   * Where to get files instead of the published address: the address of a folder with NAME.zip, `hub` for the Hugging
   * Face hub, or `hub+ADDRESS` for a server with the hub's paths.
   */
  readonly mirror?: string | undefined;
  readonly progress: Progress;
  readonly signal?: AbortSignal | undefined;
  readonly patience?: Patience | undefined;
}

/**
 * Downloads data sets, two at a time, each as by {@link downloadDataset}. One that fails does not stop the others.
 * @returns their folders
 * @throws the first error, after all have ended
 */
export async function downloadDatasets(entries: readonly BeirEntry[], options: DownloadOptions): Promise<string[]> {
  const limit = pLimit(parallelDownloads);
  const results = await Promise.allSettled(entries.map((entry) => limit(() => downloadDataset(entry, options))));
  return results.map((result) => {
    if (result.status === 'fulfilled') return result.value;
    throw result.reason;
  });
}

/**
 * Downloads a data set into `datasetsDir`/NAME and returns that folder; one that is there is left alone. The folder
 * appears whole or not at all; what a stopped download has brought is used by the next one.
 * @throws InputError if it cannot be had, is another file than the published one, or is being downloaded already
 */
export async function downloadDataset(entry: BeirEntry, options: DownloadOptions): Promise<string> {
  const folder = join(options.datasetsDir, entry.name);
  const work = join(options.datasetsDir, '.downloads');
  const source = sourceOf(entry, options.mirror);
  return withLock(join(work, `${entry.name}.lock`), `the download of ${entry.name}`, async () => {
    if ((await kindOf(folder)) !== 'missing') {
      options.progress.note(`${entry.name}: is there already, at ${folder}`);
      return folder;
    }
    const unpacking = join(work, `${entry.name}.unpacking`);
    await rm(unpacking, { recursive: true, force: true });
    await mkdir(unpacking, { recursive: true });
    const root = await source(unpacking, options);
    await rename(root, folder);
    await rm(unpacking, { recursive: true, force: true });
    await rm(join(work, `${entry.name}.zip`), { force: true });
    return folder;
  });
}

/** The folders in BEIR's layout that make up a data set: its own, or one for each part. */
export function partFolders(entry: BeirEntry, folder: string): string[] {
  return entry.parts.length === 0 ? [folder] : entry.parts.map((part) => join(folder, part.name));
}

/** Brings a data set's files into a new folder. @returns the folder with the data set itself */
type Source = (unpacking: string, options: DownloadOptions) => Promise<string>;

function sourceOf(entry: BeirEntry, mirror: string | undefined): Source {
  if (mirror === 'hub') return hubSource(entry, 'https://huggingface.co');
  if (mirror?.startsWith('hub+') === true) return hubSource(entry, addressOf(mirror.slice('hub+'.length)));
  if (mirror !== undefined) return archiveSource(entry, `${addressOf(mirror)}/${entry.name}.zip`, entry.archive);
  if (entry.archive !== null) return archiveSource(entry, entry.archive.url, entry.archive);
  throw new InputError(`${entry.name}: cannot be downloaded: ${entry.howToBring ?? 'it is not published'}`);
}

function addressOf(mirror: string): string {
  if (URL.canParse(mirror) && /^https?:$/.test(new URL(mirror).protocol)) return mirror.replace(/\/+$/, '');
  throw new InputError(`--mirror: found "${mirror}"; expected an http(s) address, hub, or hub+ADDRESS`);
}

function archiveSource(entry: BeirEntry, url: string, expected: Archive | null): Source {
  return async (unpacking, options) => {
    const path = join(options.datasetsDir, '.downloads', `${entry.name}.zip`);
    if ((await kindOf(path)) === 'missing')
      await fetchFile({ url, path, bytes: expected?.bytes ?? null }, entry, options);
    await requireChecksum(path, url, expected, entry.name);
    options.progress.note(`${entry.name}: unpacking`);
    try {
      await unzip(path, unpacking, {
        wanted: isDataFile,
        maxBytes: (await stat(path)).size * maxUnpackedRatio + unpackedAllowance,
        signal: options.signal,
      });
      return await checkedLayout(entry, join(unpacking, entry.name));
    } catch (error) {
      // Without a checksum the archive itself may be at fault: the next call is to fetch it again.
      if (expected === null) await rm(path, { force: true });
      throw error;
    }
  };
}

async function checkedLayout(entry: BeirEntry, root: string): Promise<string> {
  for (const part of partFolders(entry, root)) await findBeirFiles(part);
  return root;
}

/** What BEIR's layout has; archives hold more (CQADupStack's its raw sources). */
function isDataFile(path: string): boolean {
  return /(?:^|\/)(?:(?:corpus|queries)\.jsonl|qrels\/[^/]+\.tsv)$/.test(path);
}

async function requireChecksum(path: string, url: string, expected: Archive | null, name: string): Promise<void> {
  if (expected === null) return;
  const [md5, sha256] = await Promise.all(['md5', 'sha256'].map((algorithm) => hashOfFile(path, algorithm)));
  if (md5 === expected.md5 && (expected.sha256 === null || sha256 === expected.sha256)) return;
  const aside = `${path}.wrong-checksum`;
  await rename(path, aside);
  throw new InputError(
    `${url}: is not the published ${name}.zip: its MD5 is ${md5}, expected ${expected.md5}; it is kept as ${aside}; run the command again, or choose another source with --mirror`,
  );
}

async function hashOfFile(path: string, algorithm: string): Promise<string> {
  const hash = createHash(algorithm);
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash);
  return hash.digest('hex');
}

/**
 * The hub has no archives but single files: BeIR/NAME with corpus and queries, BeIR/NAME-qrels with judgements. Nothing
 * is published to check them against but the catalogue's counts.
 */
function hubSource(entry: BeirEntry, address: string): Source {
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
    await mkdir(join(root, 'qrels'), { recursive: true });
    for (const [name, url] of files) {
      const path = join(options.datasetsDir, '.downloads', `${entry.name}.${name.replace('/', '.')}`);
      await fetchFile({ url, path, bytes: null }, entry, options).catch((error: unknown) => {
        if (!(error instanceof InputError)) throw error;
        throw new InputError(`${error.message} (the hub holds some data sets as Parquet only)`, { cause: error });
      });
      await rename(path, join(root, name));
    }
    return checkedLayout(entry, root);
  };
}

async function fetchFile(
  file: Pick<FileRequest, 'url' | 'path' | 'bytes'>,
  { name }: BeirEntry,
  { progress, signal, patience = usualPatience }: DownloadOptions,
): Promise<void> {
  const stage = progress.stage(`download ${name}`, Math.floor((file.bytes ?? 0) / 1000), 'kB');
  const advance = kilobytes(stage.advance.bind(stage));
  let most = 0;
  try {
    await downloadFile({
      ...file,
      patience,
      advice: 'choose another source with --mirror',
      signal,
      onRetry(reason) {
        progress.note(`${name}: ${reason}; trying again`);
      },
      onBytes(bytes) {
        advance(Math.max(bytes - most, 0));
        most = Math.max(bytes, most);
      },
    });
  } finally {
    stage.end();
  }
}

/** Turns steps in bytes into steps in whole kilobytes. */
function kilobytes(advance: (by: number) => void): (bytes: number) => void {
  let bytes = 0;
  return (more) => {
    const before = Math.floor(bytes / 1000);
    bytes += more;
    const by = Math.floor(bytes / 1000) - before;
    if (by > 0) advance(by);
  };
}
