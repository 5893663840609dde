import type { Matrix } from '../../core/model.js';
import type { Similarity } from '../../core/system-fields.js';
import type { CandidateLists } from './candidate-lists.js';
import type { BlockContent } from './vector-blocks.js';

/** Queries and settings of a search, sent to every worker thread. */
export interface SearchSetup {
  /** [queries, dimensions], at least one */
  readonly queries: Matrix;
  readonly similarity: Similarity;
  readonly topK: number;
  /** Maximum number of rows in a block. */
  readonly blockRows: number;
}

/** One thread's access to the bounds that all threads share. */
export interface BoundsAccess {
  /** Memory of {@link SharedBounds}, the same in all threads. */
  readonly scores: Float32Array<SharedArrayBuffer>;
  /** This thread's number. */
  readonly thread: number;
}

/** Documents to search in one step. */
export interface SearchBlock {
  /** The number of its first document in the corpus. */
  readonly first: number;
  readonly rows: number;
  readonly content: BlockContent;
}

/** The buffers of a block to transfer to a thread; none if they are shared memory. */
export function transferListOf({ content }: SearchBlock): ArrayBuffer[] {
  const { buffer } = content instanceof Float32Array ? content : content.file.bytes;
  return buffer instanceof SharedArrayBuffer ? [] : [buffer];
}

/** Documents ready to merge (others stay collected), or the row with a NaN or infinite number, or the shard's damage. */
export type BlockResult =
  { readonly found: readonly CandidateLists[] } | { readonly badRow: number } | { readonly damage: string };
