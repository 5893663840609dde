import { randomBytes } from 'node:crypto';
import { InputError } from '../../core/errors.js';
import type { StoreBackend } from './backend.js';

/** Lies in a store that several machines use, so that they can tell that it is the same one. */
export const storeIdFile = 'store-id';
/** An id is shorter. */
const mostBytes = 256;

/** The store's id; it gets one if it has none. @throws InputError */
export async function makeStoreId(backend: StoreBackend): Promise<string> {
  await backend.create(storeIdFile, Buffer.from(`${randomBytes(16).toString('hex')}\n`));
  const id = await readStoreId(backend);
  if (id === undefined) throw new InputError(`--store ${backend.address}: its file ${storeIdFile} was removed at once`);
  return id;
}

/** The store's id, or undefined where it has none: no run uses it with a queue. @throws InputError */
export async function readStoreId(backend: StoreBackend): Promise<string | undefined> {
  return (await backend.read(storeIdFile, mostBytes))?.bytes.toString('utf8').trim();
}
