import { InputError } from '../../core/errors.js';

/** Where in which bucket a store lies. */
export interface BucketAddress {
  readonly bucket: string;
  /** Without a slash at either end; '' for the bucket itself. */
  readonly prefix: string;
  /** s3://BUCKET/PREFIX */
  readonly shown: string;
}

const form = 'expected s3://BUCKET/PREFIX, as s3://my-bucket/embeddings';
/** Names that S3 gives, and what other servers and older buckets have besides. */
const bucketPattern = /^[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]$/;
/** What needs no escape in any server's URLs. */
const partPattern = /^[\w.=-]+$/;

/**
 * Reads `s3://BUCKET/PREFIX`.
 * @throws InputError that does not repeat what may be a secret
 */
export function parseBucketAddress(text: string): BucketAddress {
  const rest = text.replace(/^s3:\/{0,2}/i, '');
  if (/[@?#]/.test(rest))
    throw new InputError(
      `--store s3://…: has credentials or options in its address; ${form}, with credentials in the environment ` +
        '(AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY) and the server in AWS_ENDPOINT_URL',
    );
  const [bucket, ...parts] = rest.replace(/\/$/, '').split('/');
  if (!/^s3:\/\//i.test(text) || bucket === undefined || !bucketPattern.test(bucket))
    throw new InputError(`--store "${text}": names no bucket; ${form}`);
  const odd = parts.find((part) => !partPattern.test(part) || part === '.' || part === '..');
  if (odd !== undefined)
    throw new InputError(
      `--store "${text}": "${odd}" cannot be a part of the prefix; ${form}, of letters, digits and - _ . =`,
    );
  const prefix = parts.join('/');
  return { bucket, prefix, shown: ['s3:/', bucket, ...parts].join('/') };
}
