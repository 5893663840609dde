/** Scores of documents, row by row; a row is as wide as the bounds. */
export interface ScoreRows {
  readonly values: Float32Array;
  /** The same memory as `values`, as integers. */
  readonly bits: Int32Array;
  /** 1 where a score is below its query's bound, else 0. */
  readonly misses: Uint8Array;
  /** The same memory as `misses`, four per number. */
  readonly fourMisses: Int32Array;
}

export function allocateScores(count: number): ScoreRows {
  const [values, misses] = [new Float32Array(count), new Uint8Array(count)];
  return { values, bits: new Int32Array(values.buffer), misses, fourMisses: new Int32Array(misses.buffer) };
}
