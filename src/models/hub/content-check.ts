import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { InputError } from '../../core/errors.js';
import { sha256OfFile } from '../../io/files.js';
import type { RemoteFile } from './client.js';

/** Checks a file's content against its etag. @throws InputError, after deleting the file, if it differs */
export async function requireContent(path: string, { url, etag }: RemoteFile): Promise<void> {
  const wrong = async (kind: string, found: string): Promise<never> => {
    await rm(path, { force: true });
    throw new InputError(
      `${url}: its ${kind} is ${found}, expected ${etag}; the file was deleted; run the command again`,
    );
  };
  if (/^[0-9a-f]{64}$/.test(etag)) {
    const found = await sha256OfFile(path);
    if (found !== etag) await wrong('SHA-256', found);
  } else if (/^[0-9a-f]{40}$/.test(etag)) {
    const [blob, plain] = await sha1OfFile(path);
    if (blob !== etag && plain !== etag) await wrong('git blob id', blob);
  }
}

/** The git blob id of a file, and its plain SHA-1, which some mirrors send as the ETag. */
async function sha1OfFile(path: string): Promise<[blob: string, plain: string]> {
  const blob = createHash('sha1').update(`blob ${(await stat(path)).size}\0`);
  const plain = createHash('sha1');
  await pipeline(createReadStream(path), async (chunks: AsyncIterable<Buffer>) => {
    for await (const chunk of chunks) {
      blob.update(chunk);
      plain.update(chunk);
    }
  });
  return [blob.digest('hex'), plain.digest('hex')];
}
