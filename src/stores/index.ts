export { isBucketAddress, openStorePlace } from './open.js';
export { StoreFolder } from './folder.js';
export { makeStoreId, readStoreId, storeIdFile } from './store-id.js';
export type { PlaceOptions, StoredFile, StorePlace } from './place.js';
