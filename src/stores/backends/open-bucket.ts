import { S3Client } from '@aws-sdk/client-s3';
import { InputError, messageOf } from '../../core/errors.js';
import { parseBucketAddress } from './bucket-address.js';
import { defaultBucketRetry, StoreBucket, type BucketOptions } from './bucket.js';
import type { StoreBackend } from './backend.js';

/** Timeout of an attempt to connect. */
const connectTimeoutMs = 10_000;

/**
 * Opens a bucket with the settings that AWS's own tools read: AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL for other servers,
 * AWS_REGION, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, or a profile or role.
 * @throws InputError for an address or endpoint that is none, or where there are no credentials
 */
export async function openBucket(text: string, options: BucketOptions = {}): Promise<StoreBackend> {
  const { timeoutMs } = options.retry ?? defaultBucketRetry;
  const address = parseBucketAddress(text);
  const endpoint = endpointOf();
  const region = variable('AWS_REGION') ?? variable('AWS_DEFAULT_REGION');
  // The version is pinned, and this one runs on the Node that this program asks for.
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';
  const client = new S3Client({
    // Servers other than AWS seldom have a host name a bucket, and do not care for the region.
    ...(endpoint === undefined ? {} : { endpoint, forcePathStyle: true, region: 'us-east-1' }),
    ...(region === undefined ? {} : { region }),
    requestHandler: { connectionTimeout: connectTimeoutMs, socketTimeout: timeoutMs },
    // Shards carry a SHA-256 of their own, which is checked on reading; on writing, the server is sent one (bucket.ts).
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  });
  await requireSettings(client, address.shown);
  return new StoreBucket(address, client, endpoint ?? 'AWS', options);
}

/** A variable of the environment; one that is empty counts as unset. */
function variable(name: string): string | undefined {
  return process.env[name] === '' ? undefined : process.env[name];
}

/** The server's address, where it is not AWS. */
function endpointOf(): string | undefined {
  const name = ['AWS_ENDPOINT_URL_S3', 'AWS_ENDPOINT_URL'].find((one) => variable(one) !== undefined);
  if (name === undefined) return undefined;
  const url = URL.parse(process.env[name]!);
  if (url === null || !/^https?:$/.test(url.protocol) || url.search !== '' || url.username + url.password !== '')
    throw new InputError(
      `${name}: is no address of a server; expected http(s)://HOST:PORT without user name, password or options`,
    );
  return url.href.replace(/\/$/, '');
}

/** What the client would find missing at its first request. */
async function requireSettings({ config }: S3Client, shown: string): Promise<void> {
  try {
    await config.region();
  } catch (error) {
    throw new InputError(`--store ${shown}: the bucket's region is not known (${messageOf(error)}); set AWS_REGION`);
  }
  try {
    await config.credentials();
  } catch (error) {
    throw new InputError(
      `--store ${shown}: no credentials were found (${messageOf(error)}); set AWS_ACCESS_KEY_ID and ` +
        'AWS_SECRET_ACCESS_KEY, or AWS_PROFILE',
    );
  }
}
