export { Bm25Index, type Bm25Statistics } from './bm25/bm25-index.js';
export { bm25Names, bm25Settings, type Bm25Field, type Bm25Name, type Bm25Settings } from './bm25/settings.js';
export { EmbeddingStore, type UncheckedShard } from './embedding-store.js';
export type { ShardDtype } from './shard-file.js';
export { searchExact, type ExactSearch, type Similarity } from './exact.js';
export { shardKey, type ShardParts } from './shard-key.js';
export type { ShardChunk, VectorChunk } from './vector-blocks.js';
