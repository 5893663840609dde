import { InputError } from '../../core/errors.js';
import { StoreFolder } from './folder.js';
import type { BackendOptions, StoreBackend } from './backend.js';

/** True for a bucket's address: `s3://…`. */
export function isBucketAddress(address: string): boolean {
  return /^s3:/i.test(address);
}

/**
 * Opens the backend that `--store` names: a folder, or s3://BUCKET/PREFIX. The bucket's client is loaded only if needed.
 * Writes nothing, and sends no request.
 * @throws InputError for another kind of address, and for a bucket without region or credentials
 */
export async function openStoreBackend(address: string, options: BackendOptions = {}): Promise<StoreBackend> {
  if (isBucketAddress(address)) {
    const { openBucket } = await import('./open-bucket.js');
    return openBucket(address, options);
  }
  const scheme = /^[a-z][a-z0-9+.-]+:\/\//i.exec(address)?.[0];
  if (scheme === undefined) return new StoreFolder(address);
  throw new InputError(`--store ${scheme}…: cannot be a store; expected a folder, or s3://BUCKET/PREFIX`);
}
