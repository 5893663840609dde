import type { InputCounts, InputSummary, MadeShards, Maker } from './health.js';

/** The part of a stored shard's description that sums need. */
export interface ShardHealth {
  /** Texts or pairs. */
  readonly inputs: number;
  /** Null if nothing was counted when the shard was made. */
  readonly counts: InputCounts | null;
  readonly zeroRows: number;
  readonly maker: Maker;
}

/** Sums the inputs of shards of vectors, or of pairs if `pairs` is true. */
export function sumInputs(shards: readonly ShardHealth[], pairs = false): InputSummary {
  let truncated: number | null = 0;
  let [total, empty, zeroVectors] = [0, 0, 0];
  for (const { inputs, counts, zeroRows } of shards) {
    total += inputs;
    zeroVectors += zeroRows;
    empty += counts?.empty ?? 0;
    const cut: number | null = counts?.truncated ?? null;
    truncated = truncated === null || cut === null ? null : truncated + cut;
  }
  return { total, empty, truncated, zeroVectors: pairs ? null : zeroVectors };
}

/** Counts shards by maker; the maker of most shards first. */
export function sumMakers(shards: readonly ShardHealth[]): MadeShards[] {
  const byMaker = new Map<string, MadeShards>();
  for (const { maker } of shards) {
    const { build, onnxruntime, processor } = maker;
    const key = JSON.stringify([build, onnxruntime, processor]);
    byMaker.set(key, { build, onnxruntime, processor, shards: (byMaker.get(key)?.shards ?? 0) + 1 });
  }
  return [...byMaker].sort(([a, x], [b, y]) => y.shards - x.shards || (a < b ? -1 : 1)).map(([, maker]) => maker);
}
