import type { Matrix } from '../../core/model.js';
import type { Found } from './candidates.js';
import type { BlockContent } from './vector-blocks.js';

/** What is searched for; can be sent to a worker. */
export interface SearchSetup {
  /** [queries, dimensions], at least one */
  readonly queries: Matrix;
  /** Whether a product is divided by the document's length. */
  readonly byLength: boolean;
  readonly topK: number;
  /** Rows that a block has room for. */
  readonly blockRows: number;
}

/** What a searcher shares with those of other threads. */
export interface Sharing {
  /** Of SharedBounds: the same memory in all threads. */
  readonly scores: Float32Array<SharedArrayBuffer>;
  /** This one's number among the threads. */
  readonly thread: number;
}

/** Documents to be searched at once. */
export interface SearchBlock {
  /** The number of its first document among all. */
  readonly first: number;
  readonly rows: number;
  readonly content: BlockContent;
}

/** The memory that a block's content is handed over with, and nothing else uses; none where it is shared. */
export function memoryOf({ content }: SearchBlock): ArrayBuffer[] {
  const { buffer } = content instanceof Float32Array ? content : content.file.bytes;
  return buffer instanceof SharedArrayBuffer ? [] : [buffer];
}

/** What is to be merged by now (the rest is kept), the row of a document whose numbers cannot be compared, or what is wrong with the shard. */
export type BlockResult =
  { readonly found: readonly Found[] } | { readonly badRow: number } | { readonly damage: string };
