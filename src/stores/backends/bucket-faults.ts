import { InputError, messageOf } from '../../core/errors.js';
import { isTransientCode, isTransientStatus } from '../../io/retry.js';
import type { BucketAddress } from './bucket-address.js';

/** The response is not that of an S3 server. */
export class ForeignAnswer extends Error {}

/** The connection ended before the last byte of an object. */
export class InterruptedDownload extends Error {}

/** Context of a failed request, for the error. */
export interface FaultPlace {
  readonly address: BucketAddress;
  /** The server's address. */
  readonly server: string;
  readonly doing: 'read' | 'written' | 'deleted';
}

/** The properties of the client's errors that are used here. */
interface RequestError {
  /** S3's error code, or the client's own name. */
  readonly name: string;
  /** Error code of the connection: ECONNREFUSED … */
  readonly code?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
  /** The bucket's region, if S3 names it. */
  readonly Region?: string;
  readonly $response?: { readonly headers?: Readonly<Record<string, string>> };
}

const throttled = ['SlowDown', 'Throttling', 'ThrottlingException', 'TooManyRequests', 'RequestLimitExceeded'];
/** S3's error codes for unknown or expired credentials. */
const unknownUser = ['InvalidAccessKeyId', 'SignatureDoesNotMatch', 'InvalidToken', 'ExpiredToken', 'InvalidSecurity'];
const otherRegion = ['PermanentRedirect', 'AuthorizationHeaderMalformed', 'IllegalLocationConstraintException'];

/** True if the request failed with one of these error codes. */
export function isNamed(error: unknown, ...names: readonly string[]): boolean {
  return error instanceof Error && names.includes(error.name);
}

/** True if a retry may succeed: the server is busy or unreachable, or the connection broke. */
export function isTransient(error: unknown): boolean {
  const { name, status, code } = partsOf(error);
  return (
    error instanceof InterruptedDownload || name === 'TimeoutError' || isTransientCode(code) || isBusy(name, status)
  );
}

/**
 * Turns a failed request into an InputError. It repeats the server's error codes only, because its messages may contain keys.
 * @returns an unknown error unchanged
 */
export function bucketFault(error: unknown, place: FaultPlace): unknown {
  const sentence = faultSentence(error, place);
  return sentence === undefined ? error : new InputError(`--store ${place.address.shown}: ${sentence}`);
}

function faultSentence(error: unknown, { address: { bucket }, server, doing }: FaultPlace): string | undefined {
  const { name, status, code, region } = partsOf(error);
  if (name === 'NoSuchBucket') return `bucket "${bucket}" does not exist at ${server}; create it, or correct the name`;
  if (name === 'CredentialsProviderError' || unknownUser.includes(name))
    return (
      `${server} does not accept the credentials (${name}); check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and ` +
      'AWS_SESSION_TOKEN, or the profile'
    );
  if (name === 'RequestTimeTooSkewed')
    return `the clocks of ${server} and of this machine differ; set this machine's clock`;
  if (otherRegion.includes(name))
    return `the bucket is in ${region ?? 'another region'}; set AWS_REGION${region === undefined ? '' : `=${region}`}`;
  if (name === 'AccessDenied')
    return (
      `objects cannot be ${doing}: no permission (AccessDenied); s3:ListBucket is needed on the bucket, and ` +
      's3:GetObject, s3:PutObject and s3:DeleteObject on its objects'
    );
  if (isBusy(name, status))
    return `${server} is overloaded or unavailable (${shortReason(error)}); run the same command again later`;
  if (isTransient(error))
    return `${server} does not respond, or breaks the connection (${shortReason(error)}); check the network and AWS_ENDPOINT_URL, or run the same command again later`;
  if (isForeign(error))
    return (
      `the response of ${server} is not that of an S3 server (${shortReason(error)}); check AWS_ENDPOINT_URL, ` +
      'and any proxy before it'
    );
  if (/certificate|^ERR_TLS|^CERT_|^UNABLE_TO_/.test(code + messageOf(error)) && code !== '')
    return `the TLS certificate of ${server} is not accepted (${code}); NODE_EXTRA_CA_CERTS=ca.pem adds a certificate authority`;
  return status === 0 ? undefined : `objects cannot be ${doing} at ${server} (${shortReason(error)})`;
}

function isBusy(name: string, status: number): boolean {
  return throttled.includes(name) || isTransientStatus(status);
}

/** True if a response is not S3's: not HTTP, not XML, or an error without one of S3's codes. */
function isForeign(error: unknown): boolean {
  if (error instanceof ForeignAnswer) return true;
  const { name, status, code } = partsOf(error);
  if (code.startsWith('HPE_') || messageOf(error).includes('XML parse error')) return true;
  return status !== 0 && (name === 'Unknown' || name === 'NotFound');
}

/** The reason of a failure in a few words, without secrets. */
export function shortReason(error: unknown): string {
  if (error instanceof ForeignAnswer) return error.message;
  if (error instanceof InterruptedDownload) return 'an object was truncated';
  const { name, status, code } = partsOf(error);
  const what = code !== '' ? code : name;
  const plain = what === 'Error' || what === 'Unknown' ? '' : what;
  return [status === 0 ? '' : `status ${status}`, plain].filter((part) => part !== '').join(', ');
}

function partsOf(error: unknown): { name: string; status: number; code: string; region: string | undefined } {
  const { name, code, $metadata, Region, $response } = error as Partial<RequestError>;
  return {
    name: typeof name === 'string' ? name : '',
    status: $metadata?.httpStatusCode ?? 0,
    code: typeof code === 'string' ? code : '',
    region: Region ?? $response?.headers?.['x-amz-bucket-region'],
  };
}
