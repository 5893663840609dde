import { open, rename, rm, stat, truncate, type FileHandle } from 'node:fs/promises';
import { z } from 'zod';
import { InputError, messageOf, throwIfInterrupted } from '../core/errors.js';
import { isErrno, kindOf, readJson, writeFileAtomic } from './files.js';
import { startIdleTimeout } from './idle-timeout.js';
import { fetchMessageOf, isTransientStatus, TransientError, withRetries, type RetryPolicy } from './retry.js';

export interface FileRequest {
  readonly url: string;
  readonly path: string;
  /** Size in bytes where it is known; a server that offers another one is refused. */
  readonly bytes: number | null;
  /** An attempt that brought bytes uses up no retry. Its timeout runs anew with each byte that arrives. */
  readonly retry: RetryPolicy;
  /** What else the user can do if the server does not give the file, for the error. */
  readonly advice: string;
  /** Sent with each request; `authorization` goes to the address's own origin only, not to where it redirects. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called with how many bytes of the file have arrived; fewer than before when the download had to start again. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
  /** Called with the reason of a failure that is retried. */
  readonly onRetry?: ((reason: string) => void) | undefined;
}

/**
 * Downloads a file to `path`, continuing what an earlier call left in `path`.part: by an HTTP range if the server still has
 * the same file, as its ETag or date says, and from the start if not. Transient failures are retried.
 * @throws InputError when the server refuses, the size is another one, or the disk is full; what has arrived is kept
 */
export async function downloadFile(request: FileRequest): Promise<void> {
  const { retry, signal, url, path, advice, onRetry } = request;
  let [bytes, most] = [0, 0];
  const onBytes = (arrived: number): void => {
    bytes = arrived;
    request.onBytes?.(arrived);
  };
  try {
    await withRetries(() => attempt({ ...request, onBytes }), retry, {
      signal,
      onRetry: ({ message }) => onRetry?.(message),
      isCounted: () => {
        const stuck = bytes <= most;
        most = Math.max(bytes, most);
        return stuck;
      },
    });
  } catch (error) {
    if (!(error instanceof TransientError)) throw error;
    const kept = bytes === 0 ? 'nothing has arrived' : `${bytes} bytes have arrived and are kept`;
    throw new InputError(
      `${url}: cannot be downloaded (${error.message}); ${kept}: run the same command again to go on, or ${advice}`,
      { cause: error },
    );
  }
  await rename(partOf(path), path);
  await rm(stateOf(path), { force: true });
}

const partOf = (path: string): string => `${path}.part`;
const stateOf = (path: string): string => `${path}.part.json`;

/** What an attempt needs: the request, with progress always reported. */
type Attempt = FileRequest & { readonly onBytes: (bytes: number) => void };

async function attempt(request: Attempt): Promise<void> {
  const { url, path, bytes, retry, signal, onBytes } = request;
  throwIfInterrupted(signal);
  const { have, validator } = await usablePart(request);
  onBytes(have);
  if (have > 0 && have === bytes) return;
  const idle = startIdleTimeout(retry.timeoutMs, signal);
  try {
    const response = await ask(request, have, validator, idle.signal);
    if (response.status === 416) {
      await response.body?.cancel();
      await endOrRestart(request, have, response);
      return;
    }
    const start = await startOf(request, response, have);
    const total = totalOf(response, start);
    if (bytes !== null && total !== null && total !== bytes) {
      await response.body?.cancel();
      throw new InputError(`${url}: the server offers ${total} bytes, expected ${bytes}: it is not the published file`);
    }
    // Bytes of another file must be gone before the state says which file they are of.
    if (start === 0) await discardPart(request);
    const state = JSON.stringify({ url, validator: validatorOf(response) });
    await writing(stateOf(path), () => writeFileAtomic(stateOf(path), state));
    await store(request, response, start, total ?? bytes, idle.touch);
  } catch (error) {
    if (error instanceof InputError || error instanceof TransientError) throw error;
    throwIfInterrupted(signal);
    throw new TransientError(
      idle.passed() ? `the server sent nothing for ${retry.timeoutMs / 1000} s` : fetchMessageOf(error),
    );
  } finally {
    idle.stop();
  }
}

async function discardPart({ path, onBytes }: Attempt): Promise<void> {
  await rm(partOf(path), { force: true });
  onBytes(0);
}

const stateSchema = z.object({ url: z.string(), validator: z.string().nullable() });

/** How much of the file can be kept: all if it is whole (a checksum follows), else what is known to be of the same file. */
async function usablePart({ url, path, bytes }: FileRequest): Promise<{ have: number; validator: string | null }> {
  const size = await sizeOf(partOf(path));
  if (size === bytes) return { have: size, validator: null };
  if (size === 0 || (await kindOf(stateOf(path))) !== 'file') return { have: 0, validator: null };
  const state = await readJson(stateOf(path), stateSchema, 'the state of a download').catch(() => undefined);
  const usable = state?.url === url && state.validator !== null && (bytes === null || size <= bytes);
  return usable ? { have: size, validator: state.validator } : { have: 0, validator: null };
}

function ask(
  { url, headers: extra }: FileRequest,
  have: number,
  validator: string | null,
  signal: AbortSignal,
): Promise<Response> {
  // Packed again on the way, a file would have another length and no ranges.
  const headers: Record<string, string> = { ...extra, 'accept-encoding': 'identity' };
  if (have > 0 && validator !== null) Object.assign(headers, { range: `bytes=${have}-`, 'if-range': validator });
  return fetch(url, { headers, signal });
}

/** Where the body begins in the file. @throws for an answer that is not the file */
async function startOf(request: Attempt, response: Response, have: number): Promise<number> {
  if (response.status === 200) return 0;
  const range = /^bytes (\d+)-\d+\/(?:\d+|\*)$/.exec(response.headers.get('content-range') ?? '');
  if (response.status === 206 && Number(range?.[1]) === have) return have;
  await response.body?.cancel();
  const answer = `the server answers ${response.status} ${response.statusText}`.trim();
  if (response.status === 206) {
    await discardPart(request);
    throw new TransientError('the server sends another part than was asked for');
  }
  if (isTransientStatus(response.status)) throw new TransientError(answer);
  throw new InputError(`${request.url}: ${answer}; ${request.advice}`);
}

/** The server has no bytes after ours: we have them all, or its file is another one. */
async function endOrRestart(request: Attempt, have: number, response: Response): Promise<void> {
  const total = /^bytes \*\/(\d+)$/.exec(response.headers.get('content-range') ?? '')?.[1];
  if (request.bytes === null && total !== undefined && Number(total) === have) return;
  await discardPart(request);
  throw new TransientError('the server has another file than before');
}

function totalOf(response: Response, start: number): number | null {
  const encoding = response.headers.get('content-encoding');
  const length = response.headers.get('content-length');
  if (length === null || (encoding !== null && encoding !== 'identity')) return null;
  return start + Number(length);
}

/** What tells this version of the file from others in If-Range: a strong ETag, or else the date. */
function validatorOf({ headers }: Response): string | null {
  const etag = headers.get('etag');
  if (etag?.startsWith('"') === true) return etag;
  return headers.get('last-modified');
}

async function store(
  { url, path, onBytes }: Attempt,
  response: Response,
  start: number,
  total: number | null,
  touch: () => void,
): Promise<void> {
  const part = partOf(path);
  const file = await writing(part, () => open(part, start === 0 ? 'w' : 'r+'));
  let at = start;
  try {
    await writing(part, () => truncate(part, start));
    for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
      touch();
      await writing(part, () => writeWhole(file, chunk, at));
      at += chunk.length;
      onBytes(at);
      if (total !== null && at > total) throw new InputError(`${url}: the server sends more than ${total} bytes`);
    }
    await writing(part, () => file.sync());
  } finally {
    await file.close();
  }
  if (total !== null && at < total) throw new TransientError(`it ended after ${at} of ${total} bytes`);
}

async function writeWhole(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    done += (await file.write(bytes, done, bytes.length - done, position + done)).bytesWritten;
  }
}

async function writing<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (isErrno(error, 'ENOSPC') || isErrno(error, 'EDQUOT')) {
      throw new InputError(`${path}: the disk is full; make room and run the same command again to go on`);
    }
    throw new InputError(`${path}: cannot be written (${messageOf(error)})`, { cause: error });
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
