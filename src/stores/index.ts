export { isBucketAddress, openStoreBackend } from './backends/open.js';
export { StoreFolder } from './backends/folder.js';
export { makeStoreId, readStoreId, storeIdFile } from './backends/store-id.js';
export type { BackendOptions, StoredFile, StoreBackend } from './backends/backend.js';
export { shardKey, type ShardParts } from './vectors/shard-key.js';
export { VectorStore, type UncheckedShard } from './vectors/vector-store.js';
