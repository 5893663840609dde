import type { BlockResult, SearchBlock, SearchSetup, BoundsAccess } from './search-block.js';
import type { CandidateLists } from './candidate-lists.js';

/** Messages to a worker thread of exact search. Vectors are transferred, not copied, and come back with the answer. */
export type ToSearchWorker =
  | { readonly kind: 'open'; readonly setup: SearchSetup; readonly bounds: BoundsAccess }
  | { readonly kind: 'search'; readonly block: SearchBlock }
  | { readonly kind: 'finish' }
  | { readonly kind: 'close' };

/** Each message gets one answer, in order. */
export type FromSearchWorker =
  | { readonly kind: 'ready' }
  | { readonly kind: 'done'; readonly memory: readonly ArrayBuffer[]; readonly result: BlockResult }
  | { readonly kind: 'finished'; readonly found: readonly CandidateLists[] };
