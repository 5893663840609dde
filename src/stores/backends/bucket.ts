import { randomBytes } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  PutObjectCommand,
  type GetObjectCommandOutput,
  type S3Client,
} from '@aws-sdk/client-s3';
import pLimit from 'p-limit';
import { throwIfInterrupted } from '../../core/errors.js';
import { defaultRetryPolicy, TransientError, withRetries, type RetryPolicy } from '../../io/retry.js';
import type { BucketAddress } from './bucket-address.js';
import {
  bucketFault,
  ForeignAnswer,
  InterruptedDownload,
  isNamed,
  isTransient,
  shortReason,
  type FaultPlace,
} from './bucket-faults.js';
import { storeIdFile } from './store-id.js';
import type { BackendOptions, StoredFile, StoreBackend } from './backend.js';

/** Maximum number of concurrent requests. */
const maxRequests = 32;

export interface BucketOptions extends BackendOptions {
  /** Retries after the client's own three quick attempts. The timeout is for a connection that is silent. */
  readonly retry?: RetryPolicy | undefined;
}

export const defaultBucketRetry: RetryPolicy = { ...defaultRetryPolicy, timeoutMs: 30_000 };

/** Objects with a common prefix in an S3-compatible bucket. Readers see an object complete or not at all. */
export class StoreBucket implements StoreBackend {
  readonly address: string;
  readonly #where: BucketAddress;
  readonly #client: S3Client;
  /** The server, for messages. */
  readonly #server: string;
  readonly #options: BucketOptions;
  readonly #noted = new Set<string>();
  readonly #limit = pLimit(maxRequests);

  constructor(where: BucketAddress, client: S3Client, server: string, options: BucketOptions) {
    this.address = where.shown;
    this.#where = where;
    this.#client = client;
    this.#server = server;
    this.#options = options;
    if (options.signal !== undefined) setMaxListeners(0, options.signal); // one for each request that waits
  }

  /** Makes each request once, without retries, because an error at the start is seldom transient. */
  async requireUsable(): Promise<void> {
    const name = `.writable.${randomBytes(6).toString('hex')}`;
    const bytes = randomBytes(64);
    await this.#once('read', () => this.#get(storeIdFile, 1)); // succeeds for a missing file, fails for a forbidden one
    await this.#once('written', () => this.#put(name, bytes));
    const isSame = await this.#once('read', () => this.#canReadBack(name, bytes));
    await this.#once('deleted', () => this.#delete(name));
    if (!isSame) throw bucketFault(new ForeignAnswer('a written object cannot be read back'), this.#place('read'));
  }

  /** True if an object just written has these bytes. Tries several times, because some servers show a new object with a delay. */
  async #canReadBack(name: string, bytes: Buffer): Promise<boolean> {
    const { signal, retry = defaultBucketRetry } = this.#options;
    const policy = { ...retry, retries: 4, firstDelayMs: Math.min(retry.firstDelayMs, 100) };
    const readBack = async (): Promise<boolean> => {
      const found = await this.#get(name, bytes.length);
      if (found?.bytes.equals(bytes) !== true) throw new TransientError('other bytes, or no object');
      return true;
    };
    try {
      return await withRetries(readBack, policy, { signal });
    } catch (error) {
      if (error instanceof TransientError) return false;
      throw error;
    }
  }

  read(name: string, maxBytes: number): Promise<StoredFile | undefined> {
    return this.#withRetries('read', () => this.#get(name, maxBytes));
  }

  write(name: string, bytes: Uint8Array): Promise<void> {
    return this.#withRetries('written', () => this.#put(name, bytes));
  }

  create(name: string, bytes: Uint8Array): Promise<void> {
    return this.#withRetries('written', async () => {
      // Checked first, because some servers ignore the condition of the put; with them, the last of several writers wins.
      if ((await this.#get(name, 1)) !== undefined) return;
      try {
        await this.#put(name, bytes, '*');
      } catch (error) {
        // Another process has written the object, or is writing it.
        if (isNamed(error, 'PreconditionFailed', 'ConditionalRequestConflict')) return;
        if (!isNamed(error, 'NotImplemented')) throw error;
        await this.#put(name, bytes);
      }
    });
  }

  remove(name: string): Promise<void> {
    return this.#withRetries('deleted', () => this.#delete(name));
  }

  async #get(name: string, maxBytes: number): Promise<StoredFile | undefined> {
    let response: GetObjectCommandOutput;
    try {
      response = await this.#client.send(
        new GetObjectCommand({ ...this.#object(name), Range: `bytes=0-${maxBytes - 1}` }),
      );
    } catch (error) {
      if (isNamed(error, 'NoSuchKey')) return undefined;
      if (isNamed(error, 'InvalidRange')) return { size: 0, bytes: Buffer.alloc(0) }; // an empty object has no first byte
      throw error;
    }
    return readResponse(response, maxBytes);
  }

  async #put(name: string, bytes: Uint8Array, ifNoneMatch?: '*'): Promise<void> {
    const condition = ifNoneMatch === undefined ? {} : { IfNoneMatch: ifNoneMatch };
    const { ETag } = await this.#client.send(
      new PutObjectCommand({ ...this.#object(name), ...condition, Body: bytes, ChecksumAlgorithm: 'SHA256' }),
    );
    if (ETag === undefined) throw new ForeignAnswer('a written object without ETag');
  }

  async #delete(name: string): Promise<void> {
    await this.#client.send(new DeleteObjectCommand(this.#object(name)));
  }

  #object(name: string): { Bucket: string; Key: string } {
    const { bucket, prefix } = this.#where;
    return { Bucket: bucket, Key: prefix === '' ? name : `${prefix}/${name}` };
  }

  /** @throws InputError if the request fails */
  async #once<T>(doing: Doing, request: () => Promise<T>): Promise<T> {
    try {
      return await this.#limit(request);
    } catch (error) {
      throwIfInterrupted(this.#options.signal);
      throw bucketFault(error instanceof TransientError ? error.cause : error, this.#place(doing));
    }
  }

  #withRetries<T>(doing: Doing, request: () => Promise<T>): Promise<T> {
    const { signal, retry = defaultBucketRetry } = this.#options;
    const attempt = async (): Promise<T> => {
      try {
        return await request();
      } catch (error) {
        throw isTransient(error) ? new TransientError(shortReason(error), { cause: error }) : error;
      }
    };
    const onRetry = ({ message }: TransientError): void => {
      this.#note(message);
    };
    return this.#once(doing, () => withRetries(attempt, retry, { signal, onRetry }));
  }

  #note(reason: string): void {
    if (this.#noted.has(reason)) return;
    this.#noted.add(reason);
    this.#options.onNote?.(`${this.address}: ${this.#server} failed (${reason}); retrying, without further notes`);
  }

  #place(doing: Doing): FaultPlace {
    return { address: this.#where, server: this.#server, doing };
  }
}

type Doing = FaultPlace['doing'];

/** Reads a response's body, but at most `maxBytes` of it, even if the server sends more. */
async function readResponse(
  { Body: body, ContentLength: length, ContentRange: range, ETag: tag }: GetObjectCommandOutput,
  maxBytes: number,
): Promise<StoredFile> {
  if (body === undefined || length === undefined || tag === undefined)
    throw new ForeignAnswer('an object without length or ETag');
  const size = range === undefined ? length : Number(/\/(\d+)$/.exec(range)?.[1] ?? NaN);
  if (!Number.isSafeInteger(size)) throw new ForeignAnswer(`a content range of "${range ?? ''}"`);
  const bytes = Buffer.allocUnsafeSlow(Math.min(length, maxBytes));
  let done = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    done += chunk.copy(bytes, done);
    if (done === bytes.length && length > maxBytes) break; // the rest is not read
  }
  if (done < bytes.length) throw new InterruptedDownload();
  return { size, bytes };
}
