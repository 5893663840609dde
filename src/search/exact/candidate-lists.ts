/** Documents that may be among the best: list i is that of query `queries[i]`, entries `starts[i]` to `starts[i + 1]`. */
export interface CandidateLists {
  readonly queries: Uint32Array;
  readonly starts: Uint32Array;
  /** Best first within a list, equal scores in any order. An entry (score-order.ts) counts its position from `first`. */
  readonly entries: Float64Array;
  /** The document number of position 0. */
  readonly first: number;
}

/** Joins one list of entries per query; copies them. @param first the document number of position 0 */
export function listsOf(queries: readonly number[], lists: readonly Float64Array[], first: number): CandidateLists {
  const starts = new Uint32Array(lists.length + 1);
  for (const [i, list] of lists.entries()) starts[i + 1] = starts[i]! + list.length;
  const entries = new Float64Array(starts[lists.length]!);
  for (const [i, list] of lists.entries()) entries.set(list, starts[i]);
  return { queries: Uint32Array.from(queries), starts, entries, first };
}
