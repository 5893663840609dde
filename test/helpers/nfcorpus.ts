import { createWriteStream, existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { openPromise } from 'yauzl';

/** BEIR's archive of NFCorpus, where it is at hand. */
export const nfcorpusArchive = fileURLToPath(new URL('../../../shared/data/nfcorpus.zip', import.meta.url));

/** Why tests on NFCorpus cannot run here, for `test.skipIf`; undefined where its archive is at hand. */
export const nfcorpusMissing = existsSync(nfcorpusArchive)
  ? undefined
  : "skipped: ../shared/data/nfcorpus.zip (BEIR's NFCorpus) is not there";

/** The folder with NFCorpus in BEIR's layout: unpacked once into the system's temporary folder. */
export async function nfcorpusFolder(): Promise<string> {
  const { size, mtimeMs } = await stat(nfcorpusArchive);
  const folder = join(tmpdir(), `sgpt-bench-nfcorpus-${size}-${Math.floor(mtimeMs)}`);
  if (!existsSync(folder)) {
    const unpacking = await mkdtemp(`${folder}-`);
    await unpack(unpacking);
    // Another test process may have been faster; then its folder is as good.
    await rename(unpacking, folder).catch(() => rm(unpacking, { recursive: true }));
  }
  return join(folder, 'nfcorpus');
}

async function unpack(folder: string): Promise<void> {
  const zip = await openPromise(nfcorpusArchive, { lazyEntries: true, autoClose: false });
  try {
    for await (const entry of zip.eachEntry()) {
      if (entry.fileName.endsWith('/')) continue;
      const path = join(folder, entry.fileName);
      await mkdir(dirname(path), { recursive: true });
      await pipeline(await zip.openReadStreamPromise(entry), createWriteStream(path));
    }
  } finally {
    zip.close();
  }
}
