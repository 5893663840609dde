import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import pLimit from 'p-limit';
import { downloadFile, usualPatience, type FileRequest, type Patience } from '../io/download.js';
import { InputError } from '../core/errors.js';
import { kindOf } from '../io/files.js';
import { withLock } from '../io/lock.js';
import type { Progress } from '../core/runner.js';
import { usebDatasets } from '../core/useb.js';
import { findBeirFiles } from '../datasets/beir-folder.js';
import type { Archive, BeirEntry } from './beir/catalogue.js';
import { unzip } from '../io/unzip.js';

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
 * @param entries BEIR's data sets, and `useb`
 * @returns their folders
 * @throws the first error, after all have ended
 */
export async function downloadDatasets(
  entries: readonly (BeirEntry | 'useb')[],
  options: DownloadOptions,
): Promise<string[]> {
  const limit = pLimit(parallelDownloads);
  const start = async (entry: BeirEntry | 'useb'): Promise<string> =>
    entry === 'useb' ? downloadUseb(options) : downloadDataset(entry, options);
  const results = await Promise.allSettled(entries.map((entry) => limit(() => start(entry))));
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
  return install(entry.name, sourceOf(entry, options.mirror), options);
}

/** Runs a source under a lock, and puts what it brings into `datasetsDir`/`name` once it is whole. */
async function install(name: string, source: Source, options: DownloadOptions): Promise<string> {
  const folder = join(options.datasetsDir, name);
  const work = join(options.datasetsDir, '.downloads');
  return withLock(join(work, `${name}.lock`), `the download of ${name}`, async () => {
    if ((await kindOf(folder)) !== 'missing') {
      options.progress.note(`${name}: is there already, at ${folder}`);
      return folder;
    }
    const unpacking = join(work, `${name}.unpacking`);
    await rm(unpacking, { recursive: true, force: true });
    await mkdir(unpacking, { recursive: true });
    const root = await source(unpacking, options);
    await rename(root, folder);
    await rm(unpacking, { recursive: true, force: true });
    await rm(join(work, `${name}.zip`), { force: true });
    return folder;
  });
}

/** USEB's one archive, which holds the data of all four tasks. No checksum is published. */
const usebArchive = {
  folder: 'https://public.ukp.informatik.tu-darmstadt.de/kwang/unsupse-benchmark/tsdae-evaluation',
  file: 'data-eval.zip',
};

/** Downloads USEB's data into `datasetsDir`/useb; otherwise as {@link downloadDataset}. It is not on the hub. */
export async function downloadUseb(options: DownloadOptions): Promise<string> {
  if (options.mirror?.startsWith('hub') === true)
    throw new InputError(
      'useb: is not on the hub; leave out --mirror, or give the address of a folder with data-eval.zip',
    );
  const folder = options.mirror === undefined ? usebArchive.folder : addressOf(options.mirror);
  const url = `${folder}/${usebArchive.file}`;
  return install(
    'useb',
    archiveSource({ name: 'useb', url, expected: null, wanted: isUsebFile, root: usebRoot }),
    options,
  );
}

function isUsebFile(path: string): boolean {
  return new RegExp(`(?:^|/)(?:${usebDatasets.join('|')})/[^/]+\\.(?:txt|json|data|label)$`).test(path);
}

/** The folder with the four tasks: what was unpacked, or the one folder in it. */
async function usebRoot(unpacked: string): Promise<string> {
  const folders = await readdir(unpacked);
  const only = folders.length === 1 ? folders[0] : undefined;
  const root = only === undefined || usebDatasets.some((task) => task === only) ? unpacked : join(unpacked, only);
  for (const task of usebDatasets)
    if ((await kindOf(join(root, task))) !== 'folder')
      throw new InputError(`useb: ${usebArchive.file} has no folder ${task}; is it USEB's archive?`);
  return root;
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
  if (mirror !== undefined) return beirArchive(entry, `${addressOf(mirror)}/${entry.name}.zip`, entry.archive);
  if (entry.archive !== null) return beirArchive(entry, entry.archive.url, entry.archive);
  throw new InputError(`${entry.name}: cannot be downloaded: ${entry.howToBring ?? 'it is not published'}`);
}

function addressOf(mirror: string): string {
  if (URL.canParse(mirror) && /^https?:$/.test(new URL(mirror).protocol)) return mirror.replace(/\/+$/, '');
  throw new InputError(`--mirror: found "${mirror}"; expected an http(s) address, hub, or hub+ADDRESS`);
}

interface ArchiveSource {
  readonly name: string;
  readonly url: string;
  /** What is published about the archive; null where nothing is. */
  readonly expected: Archive | null;
  /** Which of the archive's files are unpacked. */
  readonly wanted: (path: string) => boolean;
  /** Checks what was unpacked and finds the data set in it. */
  readonly root: (unpacked: string) => Promise<string>;
}

function beirArchive(entry: BeirEntry, url: string, expected: Archive | null): Source {
  const root = (unpacked: string): Promise<string> => checkedLayout(entry, join(unpacked, entry.name));
  return archiveSource({ name: entry.name, url, expected, wanted: isDataFile, root });
}

function archiveSource({ name, url, expected, wanted, root }: ArchiveSource): Source {
  return async (unpacking, options) => {
    const path = join(options.datasetsDir, '.downloads', `${name}.zip`);
    if ((await kindOf(path)) === 'missing')
      await fetchFile({ url, path, bytes: expected?.bytes ?? null }, name, options);
    await requireChecksum(path, url, expected, name);
    options.progress.note(`${name}: unpacking`);
    try {
      const maxBytes = (await stat(path)).size * maxUnpackedRatio + unpackedAllowance;
      await unzip(path, unpacking, { wanted, maxBytes, signal: options.signal });
      return await root(unpacking);
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
      await fetchFile({ url, path, bytes: null }, entry.name, options).catch((error: unknown) => {
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
  name: string,
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
