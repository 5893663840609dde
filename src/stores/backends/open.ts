import { InputError } from '../../core/errors.js';
import { StoreFolder } from './folder.js';
import type { BackendOptions, StoreBackend } from './backend.js';

/** Whether a store's address is that of a bucket: `s3://…`. */
export function isBucketAddress(address: string): boolean {
  return /^s3:/i.test(address);
}

/**
 * Opens the backend that `--store` names: a folder, or s3://BUCKET/PREFIX, whose client is loaded only then. Nothing is
 * written, and no server asked.
 * @throws InputError for an address that is neither, or a bucket without region or credentials
 */
export async function openStoreBackend(address: string, options: BackendOptions = {}): Promise<StoreBackend> {
  if (isBucketAddress(address)) {
    const { openBucket } = await import('./open-bucket.js');
    return openBucket(address, options);
  }
  const scheme = /^[a-z][a-z0-9+.-]+:\/\//i.exec(address)?.[0];
  if (scheme === undefined) return new StoreFolder(address);
  throw new InputError(`--store ${scheme}…: is no place for a store; give a folder, or s3://BUCKET/PREFIX`);
}
