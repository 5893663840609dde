/** `sgpt-bench/search`: exact search, BM25, and the store of vectors. */
export { Bm25Index, bm25Names, bm25Settings, searchExact, type ExactSearch } from '../search/index.js';
export type { Similarity } from '../core/system-fields.js';
export {
  openStoreBackend,
  VectorStore,
  type BackendOptions,
  type StoreBackend,
  type StoredFile,
} from '../stores/index.js';
