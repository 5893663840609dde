import { InputError, throwIfInterrupted } from '../core/errors.js';
import { startIdleTimeout, type IdleTimeout } from './idle-timeout.js';
import { PartialFile, type ResumePoint } from './partial-file.js';
import { fetchMessageOf, isTransientStatus, TransientError, withRetries, type RetryPolicy } from './retry.js';

/** Most bytes of a file whose size nobody has told, unless the caller knows better: larger than any published data set. */
export const defaultMaxBytes = 200e9;

export interface FileRequest {
  readonly url: string;
  readonly path: string;
  /** Size in bytes, null if unknown. A server that offers another size is refused. */
  readonly bytes: number | null;
  /** Most bytes to accept if `bytes` is null, whatever the server says or sends. Default: {@link defaultMaxBytes}. */
  readonly maxBytes?: number | undefined;
  /** An attempt that received bytes uses up no retry. Its timeout restarts with each received chunk. */
  readonly retry: RetryPolicy;
  /** Advice for the user if the download fails, for the error. */
  readonly advice: string;
  /** Sent with each request; `fetch` drops `authorization` on a redirect to another origin. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called with the number of bytes received so far; it falls if the download restarts from the beginning. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
  /** Called with the reason for each retry. */
  readonly onRetry?: ((reason: string) => void) | undefined;
}

/**
 * Downloads a file to `path` by way of `path`.part. Resumes an earlier call's part by an HTTP range if the server's ETag
 * or date shows the same file, and restarts if not. Retries transient errors.
 * @throws InputError if the server refuses, the size is wrong or beyond the limit, or the disk is full; the received bytes
 * are kept, except those of a file beyond the limit
 */
export async function downloadFile(request: FileRequest): Promise<void> {
  const { retry, signal, url, path, advice, onRetry } = request;
  const part = new PartialFile(path);
  let [bytes, mostBytes] = [0, 0];
  const onBytes = (received: number): void => {
    bytes = received;
    request.onBytes?.(received);
  };
  try {
    await withRetries(() => attempt({ ...request, part, onBytes }), retry, {
      signal,
      onRetry: ({ message }) => onRetry?.(message),
      isCounted: () => {
        const hasNoProgress = bytes <= mostBytes;
        mostBytes = Math.max(bytes, mostBytes);
        return hasNoProgress;
      },
    });
  } catch (error) {
    if (!(error instanceof TransientError)) throw error;
    const kept = bytes === 0 ? 'no bytes were received' : `the ${bytes} received bytes are kept`;
    throw new InputError(
      `${url}: cannot be downloaded (${error.message}); ${kept}: run the same command again to go on, or ${advice}`,
      { cause: error },
    );
  }
  await part.finish();
}

/** The request of one attempt; its progress is always reported. */
type Attempt = FileRequest & { readonly part: PartialFile; readonly onBytes: (bytes: number) => void };

async function attempt(request: Attempt): Promise<void> {
  const { url, part, bytes, retry, signal, onBytes } = request;
  throwIfInterrupted(signal);
  const resume = await part.resumePoint(url, bytes);
  onBytes(resume.bytes);
  if (resume.bytes > 0 && resume.bytes === bytes) return;
  const idle = startIdleTimeout(retry.timeoutMs, signal);
  try {
    const response = await send(request, resume, idle.signal);
    if (response.status === 416) {
      await response.body?.cancel();
      await endOrRestart(request, response, resume.bytes);
      return;
    }
    const start = await bodyStart(request, response, resume.bytes);
    const total = totalBytes(response, start);
    if (bytes !== null && total !== null && total !== bytes) {
      await response.body?.cancel();
      throw new InputError(`${url}: the server offers ${total} bytes, expected ${bytes}: it is not the published file`);
    }
    if (total !== null && total > limitOf(request)) {
      await response.body?.cancel();
      throw tooLarge(request);
    }
    // Before the state: it must not assign the bytes of another version to this one.
    if (start === 0) await discard(request);
    await part.writeState(url, validatorOf(response));
    await receive(request, response, { start, total: total ?? bytes, idle });
  } catch (error) {
    if (error instanceof InputError || error instanceof TransientError) throw error;
    throwIfInterrupted(signal);
    throw new TransientError(
      idle.isExpired() ? `the server sent nothing for ${retry.timeoutMs / 1000} s` : fetchMessageOf(error),
    );
  } finally {
    idle.stop();
  }
}

async function discard({ part, onBytes }: Attempt): Promise<void> {
  await part.discard();
  onBytes(0);
}

function send({ url, headers: extra }: Attempt, resume: ResumePoint, signal: AbortSignal): Promise<Response> {
  // A compressed transfer would have another length, and no ranges.
  const headers: Record<string, string> = { ...extra, 'accept-encoding': 'identity' };
  if (resume.bytes > 0 && resume.validator !== null)
    Object.assign(headers, { range: `bytes=${resume.bytes}-`, 'if-range': resume.validator });
  return fetch(url, { headers, signal });
}

/**
 * The position of the response body's first byte in the file.
 * @throws TransientError or InputError for a response that is not the file
 */
async function bodyStart(request: Attempt, response: Response, received: number): Promise<number> {
  if (response.status === 200) return 0;
  const range = /^bytes (\d+)-\d+\/(?:\d+|\*)$/.exec(response.headers.get('content-range') ?? '');
  if (response.status === 206 && Number(range?.[1]) === received) return received;
  await response.body?.cancel();
  const answer = `the server answers ${response.status} ${response.statusText}`.trim();
  if (response.status === 206) {
    await discard(request);
    throw new TransientError('the server sends another range than the requested one');
  }
  if (isTransientStatus(response.status)) throw new TransientError(answer);
  throw new InputError(`${request.url}: ${answer}; ${request.advice}`);
}

/** The server has no bytes after ours: either the file is complete, or the server's file has changed. */
async function endOrRestart(request: Attempt, response: Response, received: number): Promise<void> {
  const total = /^bytes \*\/(\d+)$/.exec(response.headers.get('content-range') ?? '')?.[1];
  if (request.bytes === null && total !== undefined && Number(total) === received) return;
  await discard(request);
  throw new TransientError('the file on the server has changed');
}

/** Size of the whole file; null if the headers do not say. */
function totalBytes(response: Response, start: number): number | null {
  const encoding = response.headers.get('content-encoding');
  const length = response.headers.get('content-length');
  if (length === null || (encoding !== null && encoding !== 'identity')) return null;
  return start + Number(length);
}

/** The value for If-Range: a strong ETag, or else the date. */
function validatorOf({ headers }: Response): string | null {
  const etag = headers.get('etag');
  if (etag?.startsWith('"') === true) return etag;
  return headers.get('last-modified');
}

function limitOf({ bytes, maxBytes = defaultMaxBytes }: Attempt): number {
  return bytes ?? maxBytes;
}

function tooLarge(request: Attempt): InputError {
  return new InputError(
    `${request.url}: is larger than the ${limitOf(request)} bytes that are accepted for this file; ${request.advice}`,
  );
}

interface Transfer {
  /** Position of the first byte in the file. */
  readonly start: number;
  /** Size of the whole file; null if neither the caller nor the server knows it. */
  readonly total: number | null;
  readonly idle: IdleTimeout;
}

async function receive(request: Attempt, response: Response, { start, total, idle }: Transfer): Promise<void> {
  const { url, part, onBytes } = request;
  const limit = limitOf(request);
  const writer = await part.openAt(start);
  try {
    for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
      idle.restart();
      if (total === null && writer.size + chunk.length > limit) {
        await part.discard();
        throw tooLarge(request);
      }
      await writer.append(chunk);
      onBytes(writer.size);
      if (total !== null && writer.size > total)
        throw new InputError(`${url}: the server sends more than ${total} bytes`);
    }
    await writer.sync();
  } finally {
    await writer.close();
  }
  if (total !== null && writer.size < total)
    throw new TransientError(`the transfer ended after ${writer.size} of ${total} bytes`);
}
