import { randomBytes } from 'node:crypto';
import { InputError } from '../../core/errors.js';
import type { StoreBackend } from './backend.js';

/** File with a store's id, by which several machines check that they use the same store. */
export const storeIdFile = 'store-id';
/** Longer than any id. */
const maxBytes = 256;

/** The store's id; creates one if it has none. @throws InputError if the store cannot be used */
export async function makeStoreId(backend: StoreBackend): Promise<string> {
  await backend.create(storeIdFile, Buffer.from(`${randomBytes(16).toString('hex')}\n`));
  const id = await readStoreId(backend);
  if (id === undefined) throw new InputError(`--store ${backend.address}: its file ${storeIdFile} was removed at once`);
  return id;
}

/** The store's id; undefined if it has none, because no run used it with a queue. @throws InputError if it cannot be read */
export async function readStoreId(backend: StoreBackend): Promise<string | undefined> {
  return (await backend.read(storeIdFile, maxBytes))?.bytes.toString('utf8').trim();
}
