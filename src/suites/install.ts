import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import pLimit from 'p-limit';
import { InputError } from '../core/errors.js';
import type { Progress } from '../core/progress.js';
import { downloadFile, type FileRequest } from '../io/download.js';
import { kindOf } from '../io/files.js';
import { makeFolder } from '../io/folders.js';
import { withLock } from '../io/lock.js';
import { defaultRetryPolicy, type RetryPolicy } from '../io/retry.js';
import { unzip } from '../io/unzip.js';

/** Text compresses to a quarter or less, so an archive that unpacks to 25 times its size is rejected as malicious. */
const maxUnpackedRatio = 25;
const unpackedAllowance = 64 << 20;

export interface DownloadOptions {
  readonly datasetsDir: string;
  /**
   * Alternative source: the address of a folder with the archives, `hub` for the Hugging Face hub, or `hub+ADDRESS` for a
   * server with the hub's paths.
   */
  readonly mirror?: string | undefined;
  readonly progress: Progress;
  /** Most bytes of one file whose size is not published. Default: by the catalogue, or else 200 GB. */
  readonly maxBytes?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly retry?: RetryPolicy | undefined;
}

/** Maximum number of concurrent downloads. */
const parallelDownloads = 2;

/**
 * Downloads data sets, two concurrently. If one fails, the others go on.
 * @returns their folders
 * @throws the first error, after all have ended
 */
export async function downloadAll(
  data: readonly { download(options: DownloadOptions): Promise<string> }[],
  options: DownloadOptions,
): Promise<string[]> {
  const limit = pLimit(parallelDownloads);
  const results = await Promise.allSettled(data.map((one) => limit(() => one.download(options))));
  return results.map((result) => {
    if (result.status === 'fulfilled') return result.value;
    throw result.reason;
  });
}

/** Published properties of an archive. */
export interface PublishedArchive {
  /** Size in bytes. */
  readonly bytes: number;
  readonly md5: string;
  readonly sha256: string | null;
}

/**
 * Lets a source bring a data set into `datasetsDir`/`name`, and returns that folder; an existing folder is left alone. The
 * folder appears whole or not at all; a stopped download is resumed by the next one.
 * @throws InputError if it is not available, differs from the published file, or is being downloaded already
 */
export async function install(name: string, source: DataSource, options: DownloadOptions): Promise<string> {
  const folder = join(options.datasetsDir, name);
  const work = join(options.datasetsDir, '.downloads');
  return withLock(join(work, `${name}.lock`), `the download of ${name}`, async () => {
    if ((await kindOf(folder)) !== 'missing') {
      options.progress.note(`${name}: is already at ${folder}`);
      return folder;
    }
    const unpacking = join(work, `${name}.unpacking`);
    await rm(unpacking, { recursive: true, force: true });
    await makeFolder(unpacking);
    const root = await source(unpacking, options);
    await rename(root, folder);
    await rm(unpacking, { recursive: true, force: true });
    await rm(join(work, `${name}.zip`), { force: true });
    return folder;
  });
}

/** Brings a data set's files into a new folder. @returns the folder with the data set itself */
export type DataSource = (unpacking: string, options: DownloadOptions) => Promise<string>;

/** The address of a mirror, without a trailing slash. @throws InputError for an invalid address */
export function addressOf(mirror: string): string {
  if (URL.canParse(mirror) && /^https?:$/.test(new URL(mirror).protocol)) return mirror.replace(/\/+$/, '');
  throw new InputError(`--mirror: found "${mirror}"; expected an http(s) address, hub, or hub+ADDRESS`);
}

export interface ArchiveSource {
  readonly name: string;
  readonly url: string;
  /** Published properties of the archive; null if there are none. */
  readonly expected: PublishedArchive | null;
  /** Selects the archive's files to unpack. */
  readonly wanted: (path: string) => boolean;
  /** Checks the unpacked files, and returns the data set's folder among them. */
  readonly root: (unpacked: string) => Promise<string>;
}

/** A source that downloads a zip archive, checks it, and unpacks it within a size limit. */
export function archiveSource({ name, url, expected, wanted, root }: ArchiveSource): DataSource {
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
      // Without a checksum the archive itself may be damaged, so the next call must download it again.
      if (expected === null) await rm(path, { force: true });
      throw error;
    }
  };
}

async function requireChecksum(
  path: string,
  url: string,
  expected: PublishedArchive | null,
  name: string,
): Promise<void> {
  if (expected === null) return;
  const [md5, sha256] = await Promise.all(['md5', 'sha256'].map((algorithm) => hashOfFile(path, algorithm)));
  if (md5 === expected.md5 && (expected.sha256 === null || sha256 === expected.sha256)) return;
  const renamedPath = `${path}.wrong-checksum`;
  await rename(path, renamedPath);
  throw new InputError(
    `${url}: is not the published ${name}.zip: its MD5 is ${md5}, expected ${expected.md5}; it is kept as ${renamedPath}; run the command again, or choose another source with --mirror`,
  );
}

async function hashOfFile(path: string, algorithm: string): Promise<string> {
  const hash = createHash(algorithm);
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash);
  return hash.digest('hex');
}

/** Downloads one file and shows the progress. */
export async function fetchFile(
  file: Pick<FileRequest, 'url' | 'path' | 'bytes' | 'maxBytes'>,
  name: string,
  { progress, maxBytes = file.maxBytes, signal, retry = defaultRetryPolicy }: DownloadOptions,
): Promise<void> {
  const stage = progress.stage(`download ${name}`, Math.floor((file.bytes ?? 0) / 1000), 'kB');
  const advance = kilobytes(stage.advance.bind(stage));
  let received = 0;
  try {
    await downloadFile({
      ...file,
      maxBytes,
      retry,
      advice: 'choose another source with --mirror',
      signal,
      onRetry(reason) {
        progress.note(`${name}: ${reason}; trying again`);
      },
      onBytes(bytes) {
        advance(Math.max(bytes - received, 0));
        received = Math.max(bytes, received);
      },
    });
  } finally {
    stage.end();
  }
}

/** Converts progress in bytes to progress in whole kilobytes. */
function kilobytes(advance: (by: number) => void): (bytes: number) => void {
  let bytes = 0;
  return (more) => {
    const before = Math.floor(bytes / 1000);
    bytes += more;
    const by = Math.floor(bytes / 1000) - before;
    if (by > 0) advance(by);
  };
}
