export { Bm25Index, type Bm25Statistics } from './bm25/bm25-index.js';
export { bm25Names, bm25Settings, type Bm25Field, type Bm25Name, type Bm25Settings } from './bm25/settings.js';
export { searchExact, type ExactSearch } from './exact/exact.js';
export type { Chunks, ShardChunk, VectorChunk } from './exact/vector-blocks.js';
