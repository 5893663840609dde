import type { BlockResult, SearchSetup } from './block-search.js';

/** What a search and its worker threads say to each other; vectors are handed over, not copied, and come back. */
export type ToSearchWorker =
  | { readonly kind: 'open'; readonly setup: SearchSetup }
  | { readonly kind: 'search'; readonly vectors: Float32Array; readonly rows: number }
  | { readonly kind: 'close' };

/** Each message is answered, in turn. */
export type FromSearchWorker =
  | { readonly kind: 'ready' }
  | { readonly kind: 'done'; readonly vectors: Float32Array; readonly result: BlockResult }
  | { readonly kind: 'failed'; readonly message: string };
