import { open, rename, rm, stat, truncate, type FileHandle } from 'node:fs/promises';
import pRetry from 'p-retry';
import { z } from 'zod';
import { InputError, messageOf, throwIfInterrupted } from '../core/errors.js';
import { isErrno, kindOf, readJson, writeFileAtomic } from './files.js';

/** How patient a download is. */
export interface Patience {
  /** Tries after the first one; a try that brought bytes is not counted. */
  readonly retries: number;
  /** Wait before the first retry; it doubles from one to the next. */
  readonly firstWaitMs: number;
  /** A server that sends nothing for so long counts as gone. */
  readonly stallMs: number;
}

export const usualPatience: Patience = { retries: 6, firstWaitMs: 1000, stallMs: 60_000 };

export interface FileRequest {
  readonly url: string;
  readonly path: string;
  /** Known size in bytes; a server that offers another one is refused. */
  readonly bytes: number | null;
  readonly patience: Patience;
  /** What else to do about a server that does not give the file, for the error. */
  readonly advice: string;
  /** Sent with each request; `authorization` goes to the address's own origin only, not to where it redirects. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Told how much of the file is there; less than before when it had to start again. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
  /** Told why a try failed that will be followed by another. */
  readonly onRetry?: ((reason: string) => void) | undefined;
}

/**
 * Downloads a file to `path`, going on with what an earlier call left in `path`.part: by an HTTP range, if the server still has
 * the same file (told by its ETag or date), and from the start if not. Failures that may pass are tried again.
 * @throws InputError when the server refuses, the size is another one, or the disk is full; what has arrived is kept
 */
export async function downloadFile(request: FileRequest): Promise<void> {
  const { patience, signal, url, path } = request;
  let most = 0;
  try {
    await pRetry(
      async () => {
        throwIfInterrupted(signal);
        await attempt(request);
      },
      {
        retries: patience.retries,
        minTimeout: patience.firstWaitMs,
        maxTimeout: 30_000,
        shouldRetry: ({ error }) => error instanceof PassingFault,
        onFailedAttempt({ error, retriesLeft }) {
          if (error instanceof PassingFault && retriesLeft > 0) request.onRetry?.(error.message);
        },
        shouldConsumeRetry: ({ error }) => {
          const bytes = error instanceof PassingFault ? error.bytes : 0;
          const stuck = bytes <= most;
          most = Math.max(bytes, most);
          return stuck;
        },
        ...(signal === undefined ? {} : { signal }),
      },
    );
  } catch (error) {
    throwIfInterrupted(signal);
    if (!(error instanceof PassingFault)) throw error;
    const kept = error.bytes === 0 ? 'nothing has arrived' : `${error.bytes} bytes have arrived and are kept`;
    throw new InputError(
      `${url}: cannot be downloaded (${error.message}); ${kept}: run the same command again to go on, or ${request.advice}`,
      { cause: error },
    );
  }
  await rename(partOf(path), path);
  await rm(stateOf(path), { force: true });
}

const partOf = (path: string): string => `${path}.part`;
const stateOf = (path: string): string => `${path}.part.json`;

/** Something that may go better the next time. `bytes` is what is on disk. */
class PassingFault extends Error {
  override readonly name = 'PassingFault';
  constructor(
    message: string,
    readonly bytes: number,
  ) {
    super(message);
  }
}

async function attempt(request: FileRequest): Promise<void> {
  const { url, path, bytes, onBytes } = request;
  const { have, validator } = await whatIsThere(request);
  onBytes?.(have);
  if (have > 0 && have === bytes) return;
  const stall = stallTimer(request);
  try {
    const response = await ask(request, have, validator, stall.signal);
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
    if (start === 0) await rm(partOf(path), { force: true });
    const state = JSON.stringify({ url, validator: validatorOf(response) });
    await writing(stateOf(path), () => writeFileAtomic(stateOf(path), state));
    await store(request, response, start, total ?? bytes, stall.touch);
  } catch (error) {
    if (error instanceof InputError || error instanceof PassingFault) throw error;
    throwIfInterrupted(request.signal);
    throw new PassingFault(stall.reason() ?? describe(error), await sizeOf(partOf(path)));
  } finally {
    stall.stop();
  }
}

const stateSchema = z.object({ url: z.string(), validator: z.string().nullable() });

/** How much of the file can be kept: all if it is whole (a checksum follows), else what is known to be of the same file. */
async function whatIsThere({ url, path, bytes }: FileRequest): Promise<{ have: number; validator: string | null }> {
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
async function startOf({ url, path, advice }: FileRequest, response: Response, have: number): Promise<number> {
  if (response.status === 200) return 0;
  const range = /^bytes (\d+)-\d+\/(?:\d+|\*)$/.exec(response.headers.get('content-range') ?? '');
  if (response.status === 206 && Number(range?.[1]) === have) return have;
  await response.body?.cancel();
  const answer = `the server answers ${response.status} ${response.statusText}`.trim();
  if (response.status === 206) {
    await rm(partOf(path), { force: true });
    throw new PassingFault('the server sends another part than was asked for', 0);
  }
  if (response.status === 408 || response.status === 429 || response.status >= 500) {
    throw new PassingFault(answer, have);
  }
  throw new InputError(`${url}: ${answer}; ${advice}`);
}

/** The server has no bytes after ours: we have them all, or its file is another one. */
async function endOrRestart({ path, bytes }: FileRequest, have: number, response: Response): Promise<void> {
  const total = /^bytes \*\/(\d+)$/.exec(response.headers.get('content-range') ?? '')?.[1];
  if (bytes === null && total !== undefined && Number(total) === have) return;
  await rm(partOf(path), { force: true });
  throw new PassingFault('the server has another file than before', 0);
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
  { url, path, onBytes }: FileRequest,
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
      onBytes?.(at);
      if (total !== null && at > total) throw new InputError(`${url}: the server sends more than ${total} bytes`);
    }
    await writing(part, () => file.sync());
  } finally {
    await file.close();
  }
  if (total !== null && at < total) throw new PassingFault(`it ended after ${at} of ${total} bytes`, at);
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

interface StallTimer {
  /** Raised by the caller's signal, and when nothing came for too long. */
  readonly signal: AbortSignal;
  /** Something came. */
  readonly touch: () => void;
  /** Why the signal was raised, if for silence. */
  reason(): string | undefined;
  stop(): void;
}

function stallTimer({ patience: { stallMs }, signal }: FileRequest): StallTimer {
  const controller = new AbortController();
  const timer = setTimeout(() => {
    controller.abort();
  }, stallMs);
  return {
    signal: signal === undefined ? controller.signal : AbortSignal.any([controller.signal, signal]),
    touch: () => {
      timer.refresh();
    },
    reason: () => (controller.signal.aborted ? `the server sent nothing for ${stallMs / 1000} s` : undefined),
    stop: () => {
      clearTimeout(timer);
    },
  };
}

/** fetch says "fetch failed" and keeps the reason in `cause`. */
function describe(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : undefined;
  return cause === undefined ? messageOf(error) : `${messageOf(error)}: ${cause.message || String(cause)}`;
}
