import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { InputError, messageOf } from '../core/errors.js';
import { withoutPassword } from '../io/redact.js';

/** Connection settings, in ioredis' terms. */
export interface QueueConnection {
  readonly host: string;
  readonly port: number;
  readonly db: number;
  readonly username?: string;
  readonly password?: string;
  readonly tls?: Readonly<Record<string, never>>;
}

/** A queue's Redis. Its options hold the password, so only `shown` may appear in messages. */
export interface QueueAddress {
  readonly options: QueueConnection;
  readonly shown: string;
}

const expected = 'expected redis://HOST:PORT/DB, or rediss:// for TLS, such as redis://queue.example:6379/0';
/** Timeout of the first connection and of its commands. */
const connectTimeoutMs = 10_000;
/** A Redis that is restarting may take this long. */
const restartTimeoutMs = 5000;

/**
 * Reads `redis://[USER:PASSWORD@]HOST[:PORT][/DB]`; `rediss` is TLS with a checked certificate (NODE_EXTRA_CA_CERTS adds a
 * private authority).
 * @param password used if the URL has none
 * @throws InputError that does not repeat the URL's password
 */
export function parseQueueAddress(text: string, password?: string): QueueAddress {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !['redis:', 'rediss:'].includes(url.protocol) || url.hostname === '')
    throw new InputError(`--queue: "${withoutPassword(text)}" is not the address of a queue; ${expected}`);
  const db = /^\/?(\d*)$/.exec(url.pathname)?.[1];
  if (db === undefined || url.search !== '' || url.hash !== '')
    throw new InputError(`--queue: "${withoutPassword(text)}" does not end in a database number; ${expected}`);
  const host = decoded(url.hostname, text).replace(/^\[|\]$/g, '');
  const port = url.port === '' ? 6379 : Number(url.port);
  const [username, own] = [url.username, url.password].map((part) => decoded(part, text));
  const secret = own === '' ? password : own;
  return {
    shown: `${url.protocol}//${url.hostname}:${port}/${Number(db)}`,
    options: {
      host,
      port,
      db: Number(db),
      ...(username === undefined || username === '' ? {} : { username }),
      ...(secret === undefined || secret === '' ? {} : { password: secret }),
      ...(url.protocol === 'rediss:' ? { tls: {} } : {}),
    },
  };
}

function decoded(part: string, address: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new InputError(
      `--queue: "${withoutPassword(address)}" has a % in its user or password that starts no escape; write % itself as %25`,
    );
  }
}

/**
 * Checks that Redis accepts our connection; waits if it is restarting.
 * @throws InputError if it does not
 */
export async function requireQueue({ options, shown }: QueueAddress): Promise<void> {
  const deadline = performance.now() + restartTimeoutMs;
  for (;;) {
    const fault = await faultOf(options);
    if (fault === undefined) return;
    if (!isDown(fault) || performance.now() > deadline)
      throw new InputError(
        `${shown}: the queue cannot be used (${reasonOf(fault, options)}); check the address and that Redis runs there`,
      );
    await sleep(200);
  }
}

/** Connects once; returns the error, or undefined. */
async function faultOf(options: QueueConnection): Promise<unknown> {
  const redis = new Redis({
    ...options,
    lazyConnect: true,
    connectTimeout: connectTimeoutMs,
    commandTimeout: connectTimeoutMs,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  });
  let last: unknown;
  redis.on('error', (error) => (last = error));
  try {
    await redis.connect();
    await redis.ping();
    return undefined;
  } catch (error) {
    return last ?? error;
  } finally {
    redis.disconnect();
  }
}

/** True if nothing listens at the address, or the server closed the connection. */
function isDown(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return code === 'ECONNREFUSED' || code === 'ECONNRESET' || messageOf(error) === 'Connection is closed.';
}

/** A connection that survives restarts of Redis: commands wait until it is back, or until `stop` is aborted. */
export function connectQueue({ options }: QueueAddress, stop?: AbortSignal): Redis {
  const redis = new Redis(reconnecting(options, stop));
  redis.on('error', () => undefined); // the coordinator and the worker report it
  return redis;
}

/**
 * Options of a connection that reconnects for ever, as BullMQ requires.
 * @param stop aborted when a lost connection must not be restored
 */
export function reconnecting(
  options: QueueConnection,
  stop?: AbortSignal,
): QueueConnection & {
  maxRetriesPerRequest: null;
  retryStrategy: (tries: number) => number | null;
} {
  const retryStrategy = (tries: number): number | null => (stop?.aborted === true ? null : Math.min(tries * 100, 2000));
  return { ...options, maxRetriesPerRequest: null, retryStrategy };
}

/** The message of an error. Redis errors may quote a command with its arguments and the password; both are removed. */
export function reasonOf(error: unknown, { password }: QueueConnection): string {
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
  const message = messageOf(error).replace(/,? with args beginning with:.*/s, '');
  const secrets = password === undefined ? [] : [password, encodeURIComponent(password)];
  const text = secrets.reduce((shown, secret) => shown.replaceAll(secret, '***'), message === '' ? code : message);
  return text.split('\n')[0]!;
}
