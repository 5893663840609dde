import { InputError } from '../../core/errors.js';

/** A bucket and the prefix of the store's objects in it. */
export interface BucketAddress {
  readonly bucket: string;
  /** Without a slash at either end; '' for the whole bucket. */
  readonly prefix: string;
  /** s3://BUCKET/PREFIX, for messages. */
  readonly shown: string;
}

const form = 'expected s3://BUCKET/PREFIX, such as s3://my-bucket/embeddings';
/** Names that S3 allows, and those that other servers and older buckets have. */
const bucketPattern = /^[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]$/;
/** Characters that need no escape in URLs of any server. */
const partPattern = /^[\w.=-]+$/;

/**
 * Parses `s3://BUCKET/PREFIX`.
 * @throws InputError that does not repeat a possible secret
 */
export function parseBucketAddress(text: string): BucketAddress {
  const rest = text.replace(/^s3:\/{0,2}/i, '');
  if (/[@?#]/.test(rest))
    throw new InputError(
      `--store s3://…: the address has credentials or options; ${form}, with credentials in the environment ` +
        '(AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY) and the server in AWS_ENDPOINT_URL',
    );
  const [bucket, ...parts] = rest.replace(/\/$/, '').split('/');
  if (!/^s3:\/\//i.test(text) || bucket === undefined || !bucketPattern.test(bucket))
    throw new InputError(`--store "${text}": has no valid bucket name; ${form}`);
  const odd = parts.find((part) => !partPattern.test(part) || part === '.' || part === '..');
  if (odd !== undefined)
    throw new InputError(
      `--store "${text}": "${odd}" is not allowed in the prefix; ${form}, with letters, digits and - _ . =`,
    );
  const prefix = parts.join('/');
  return { bucket, prefix, shown: ['s3:/', bucket, ...parts].join('/') };
}
