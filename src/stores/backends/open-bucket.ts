import { S3Client } from '@aws-sdk/client-s3';
import { InputError, messageOf } from '../../core/errors.js';
import { parseBucketAddress } from './bucket-address.js';
import { defaultBucketRetry, StoreBucket, type BucketOptions } from './bucket.js';
import type { StoreBackend } from './backend.js';

/** Timeout for connecting. */
const connectTimeoutMs = 10_000;

/**
 * Opens a bucket with the settings that AWS's own tools read: AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL for other servers,
 * AWS_REGION, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, or a profile or role.
 * @throws InputError for an invalid address or endpoint, and for missing credentials
 */
export async function openBucket(text: string, options: BucketOptions = {}): Promise<StoreBackend> {
  const { timeoutMs } = options.retry ?? defaultBucketRetry;
  const address = parseBucketAddress(text);
  const endpoint = endpointOf();
  const region = variable('AWS_REGION') ?? variable('AWS_DEFAULT_REGION');
  // The client warns about later versions' need of a newer Node; the pinned version runs on the Node required here.
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';
  const client = new S3Client({
    // Servers other than AWS seldom have a host name per bucket, and ignore the region.
    ...(endpoint === undefined ? {} : { endpoint, forcePathStyle: true, region: 'us-east-1' }),
    ...(region === undefined ? {} : { region }),
    requestHandler: { connectionTimeout: connectTimeoutMs, socketTimeout: timeoutMs },
    // A shard contains a SHA-256, which is checked when it is read; StoreBucket sends a SHA-256 with each write.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  });
  await requireSettings(client, address.shown);
  return new StoreBucket(address, client, endpoint ?? 'AWS', options);
}

/** An environment variable; undefined if it is unset or empty. */
function variable(name: string): string | undefined {
  return process.env[name] === '' ? undefined : process.env[name];
}

/** The server's URL; undefined for AWS. */
function endpointOf(): string | undefined {
  const name = ['AWS_ENDPOINT_URL_S3', 'AWS_ENDPOINT_URL'].find((one) => variable(one) !== undefined);
  if (name === undefined) return undefined;
  const url = URL.parse(process.env[name]!);
  if (url === null || !/^https?:$/.test(url.protocol) || url.search !== '' || url.username + url.password !== '')
    throw new InputError(
      `${name}: is not a server's URL; expected http(s)://HOST:PORT without user name, password or options`,
    );
  return url.href.replace(/\/$/, '');
}

/** Checks the settings that the client would check only at its first request. */
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
