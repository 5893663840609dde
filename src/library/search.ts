/** `sgpt-bench/search`: exact search, BM25, and the store of vectors. */
export { Bm25Index, bm25Names, bm25Settings, searchExact, type ExactSearch, type Similarity } from '../search/index.js';
export {
  openStoreBackend,
  VectorStore,
  type BackendOptions,
  type StoreBackend,
  type StoredFile,
} from '../stores/index.js';
