import { InputError, messageOf } from '../../core/errors.js';
import { isTransientCode, isTransientStatus } from '../../io/retry.js';
import type { BucketAddress } from './bucket-address.js';

/** A server answered what no S3 server would. */
export class ForeignAnswer extends Error {}

/** An object's bytes ended early. */
export class InterruptedDownload extends Error {}

/** What went wrong where: for the sentence that says so. */
export interface FaultPlace {
  readonly address: BucketAddress;
  /** The server's address. */
  readonly server: string;
  readonly doing: 'read' | 'written' | 'deleted';
}

/** What the client tells of a failed request, as far as it is used here. */
interface RequestError {
  /** S3's error code, or the client's own name. */
  readonly name: string;
  /** Of a connection: ECONNREFUSED … */
  readonly code?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
  /** Where S3 names the region that the bucket is in. */
  readonly Region?: string;
  readonly $response?: { readonly headers?: Readonly<Record<string, string>> };
}

const throttled = ['SlowDown', 'Throttling', 'ThrottlingException', 'TooManyRequests', 'RequestLimitExceeded'];
/** S3's error codes for unknown or expired credentials. */
const unknownUser = ['InvalidAccessKeyId', 'SignatureDoesNotMatch', 'InvalidToken', 'ExpiredToken', 'InvalidSecurity'];
const otherRegion = ['PermanentRedirect', 'AuthorizationHeaderMalformed', 'IllegalLocationConstraintException'];

/** Whether a failed request has one of these error codes. */
export function isNamed(error: unknown, ...names: readonly string[]): boolean {
  return error instanceof Error && names.includes(error.name);
}

/** Whether a retry may mend a failure: a server that is busy or away, a connection that broke. */
export function isTransient(error: unknown): boolean {
  const { name, status, code } = partsOf(error);
  return (
    error instanceof InterruptedDownload || name === 'TimeoutError' || isTransientCode(code) || isBusy(name, status)
  );
}

/**
 * The sentence for a failed request. Of what the server sent, error codes alone are repeated: its texts may hold keys.
 * @returns the error itself where it is a fault of this program
 */
export function bucketFault(error: unknown, place: FaultPlace): unknown {
  const sentence = faultSentence(error, place);
  return sentence === undefined ? error : new InputError(`--store ${place.address.shown}: ${sentence}`);
}

function faultSentence(error: unknown, { address: { bucket }, server, doing }: FaultPlace): string | undefined {
  const { name, status, code, region } = partsOf(error);
  if (name === 'NoSuchBucket') return `there is no bucket "${bucket}" at ${server}; make it, or mend the name`;
  if (name === 'CredentialsProviderError' || unknownUser.includes(name))
    return (
      `${server} does not accept the credentials (${name}); check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and ` +
      'AWS_SESSION_TOKEN, or the profile'
    );
  if (name === 'RequestTimeTooSkewed') return `${server} has another time than this machine; set its clock`;
  if (otherRegion.includes(name))
    return `the bucket is in ${region ?? 'another region'}; set AWS_REGION${region === undefined ? '' : `=${region}`}`;
  if (name === 'AccessDenied')
    return (
      `objects cannot be ${doing}: no permission (AccessDenied); s3:ListBucket is needed on the bucket, and ` +
      's3:GetObject, s3:PutObject and s3:DeleteObject on what is in it'
    );
  if (isBusy(name, status))
    return `${server} cannot serve so many requests, or any, now (${shortReason(error)}); run the same command again later`;
  if (isTransient(error))
    return `${server} does not answer, or breaks off (${shortReason(error)}); check the network and AWS_ENDPOINT_URL, or run the same command again later`;
  if (isForeign(error))
    return (
      `${server} does not answer as an S3 server does (${shortReason(error)}); check AWS_ENDPOINT_URL, ` +
      'and what is between here and there'
    );
  if (/certificate|^ERR_TLS|^CERT_|^UNABLE_TO_/.test(code + messageOf(error)) && code !== '')
    return `no safe connection to ${server} (${code}); NODE_EXTRA_CA_CERTS=ca.pem adds an authority`;
  return status === 0 ? undefined : `objects cannot be ${doing} at ${server} (${shortReason(error)})`;
}

function isBusy(name: string, status: number): boolean {
  return throttled.includes(name) || isTransientStatus(status);
}

/** Whether an answer is not S3's: no HTTP, no XML, or a refusal without a code of S3's. */
function isForeign(error: unknown): boolean {
  if (error instanceof ForeignAnswer) return true;
  const { name, status, code } = partsOf(error);
  if (code.startsWith('HPE_') || messageOf(error).includes('XML parse error')) return true;
  return status !== 0 && (name === 'Unknown' || name === 'NotFound');
}

/** What went wrong, in a few words without secrets. */
export function shortReason(error: unknown): string {
  if (error instanceof ForeignAnswer) return error.message;
  if (error instanceof InterruptedDownload) return 'an object was cut off';
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
