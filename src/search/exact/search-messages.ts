import type { BlockResult, SearchBlock, SearchSetup, Sharing } from './search-block.js';
import type { Found } from './candidates.js';

/** What a search and its worker threads say to each other; vectors are handed over, not copied, and come back. */
export type ToSearchWorker =
  | { readonly kind: 'open'; readonly setup: SearchSetup; readonly sharing: Sharing }
  | { readonly kind: 'search'; readonly block: SearchBlock }
  | { readonly kind: 'finish' }
  | { readonly kind: 'close' };

/** Each message is answered, in turn. */
export type FromSearchWorker =
  | { readonly kind: 'ready' }
  | { readonly kind: 'done'; readonly memory: readonly ArrayBuffer[]; readonly result: BlockResult }
  | { readonly kind: 'finished'; readonly found: readonly Found[] };
