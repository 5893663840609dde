import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { InputError, messageOf } from '../core/errors.js';
import { withoutPassword } from '../io/redact.js';

/** How to connect, in ioredis' terms. */
export interface QueueConnection {
  readonly host: string;
  readonly port: number;
  readonly db: number;
  readonly username?: string;
  readonly password?: string;
  readonly tls?: Readonly<Record<string, never>>;
}

/** A Redis that work is queued on. Its options hold the password, so they are never shown; `shown` is what messages say. */
export interface QueueAddress {
  readonly options: QueueConnection;
  readonly shown: string;
}

const expected = 'expected redis://HOST:PORT/DB, or rediss:// for TLS, such as redis://queue.example:6379/0';
/** A server that does not answer for so long at the start is none. */
const patienceMs = 10_000;
/** How long a Redis may take to be there again. */
const restartMs = 5000;

/**
 * Reads `redis://[USER:PASSWORD@]HOST[:PORT][/DB]`; `rediss` is TLS, whose certificate is checked (NODE_EXTRA_CA_CERTS adds
 * a private authority).
 * @param password where the URL has none
 * @throws InputError that does not repeat the URL's password
 */
export function parseQueueAddress(text: string, password?: string): QueueAddress {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !['redis:', 'rediss:'].includes(url.protocol) || url.hostname === '')
    throw new InputError(`--queue: "${withoutPassword(text)}" is no address of a queue; ${expected}`);
  const db = /^\/?(\d*)$/.exec(url.pathname)?.[1];
  if (db === undefined || url.search !== '' || url.hash !== '')
    throw new InputError(`--queue: "${withoutPassword(text)}" does not end in the number of a database; ${expected}`);
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
      `--queue: "${withoutPassword(address)}" has a % in its user or password that encodes nothing; write % itself as %25`,
    );
  }
}

/**
 * Sees that there is a Redis that lets us in. One that is being restarted is waited for.
 * @throws InputError if not
 */
export async function requireQueue({ options, shown }: QueueAddress): Promise<void> {
  const deadline = performance.now() + restartMs;
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

/** Connects once; undefined where that went well. */
async function faultOf(options: QueueConnection): Promise<unknown> {
  const redis = new Redis({
    ...options,
    lazyConnect: true,
    connectTimeout: patienceMs,
    commandTimeout: patienceMs,
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

/** Nobody listens, or who did went away. */
function isDown(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return code === 'ECONNREFUSED' || code === 'ECONNRESET' || messageOf(error) === 'Connection is closed.';
}

/** A connection that outlives restarts of Redis: commands wait until it is there again, or until `stop` is raised. */
export function connectQueue({ options }: QueueAddress, stop?: AbortSignal): Redis {
  const redis = new Redis(lasting(options, stop));
  redis.on('error', () => undefined); // told by whoever watches the queue
  return redis;
}

/**
 * Options for connections that try again for ever, as BullMQ wants them.
 * @param stop raised when a lost connection is not wanted back
 */
export function lasting(
  options: QueueConnection,
  stop?: AbortSignal,
): QueueConnection & {
  maxRetriesPerRequest: null;
  retryStrategy: (tries: number) => number | null;
} {
  const retryStrategy = (tries: number): number | null => (stop?.aborted === true ? null : Math.min(tries * 100, 2000));
  return { ...options, maxRetriesPerRequest: null, retryStrategy };
}

/** An error's own words; errors of Redis may quote the command, so they are never passed on whole. */
export function reasonOf(error: unknown, { password }: QueueConnection): string {
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
  const message = messageOf(error).replace(/,? with args beginning with:.*/s, '');
  const secrets = password === undefined ? [] : [password, encodeURIComponent(password)];
  const text = secrets.reduce((shown, secret) => shown.replaceAll(secret, '***'), message === '' ? code : message);
  return text.split('\n')[0]!;
}
