import type { Value } from './graph.js';
import type { Modules } from './modules.js';
import type { Tokens } from './tokens.js';

/** Of relative positions: how many kinds are told apart, half of them on each side. */
export const positionBuckets = 32;
/** Distance from which on all are in the last bucket. */
const maxDistance = 128;

/** A table `name.weight` [buckets, heads]. */
export interface RelativePositionTable {
  readonly name: string;
  readonly buckets: number;
  readonly heads: number;
}

/**
 * A learned number for each head and distance, T5's relative position bias as MPNet has it.
 * @returns what is added to attention scores, [heads, tokens, tokens]
 */
export function relativePositionBias(
  modules: Modules,
  tokens: Tokens,
  { name, buckets, heads }: RelativePositionTable,
): Value {
  const { graph } = modules;
  return tokens.once('relative position bias', () => {
    const limited = graph.op('Clip', [tokens.distances(), graph.integer(-maxDistance), graph.integer(maxDistance)]);
    const table = Array.from({ length: 2 * maxDistance + 1 }, (_, i) => positionBucket(i - maxDistance));
    const index = graph.op('Add', [limited, graph.integer(maxDistance)]);
    const bucket = graph.op('Gather', [graph.integers(table), index], { axis: 0 });
    return graph.op('Transpose', [modules.embedding(name, bucket, buckets, heads)], { perm: [2, 0, 1] });
  });
}

/**
 * The bucket of a distance (the query's position less the key's): one each for 0 to 7, then by the logarithm; keys that
 * come after the query have the upper half. After `relative_position_bucket` of transformers' `modeling_mpnet.py`, in
 * float32 as there.
 */
export function positionBucket(distance: number): number {
  const half = positionBuckets / 2;
  const exact = half / 2;
  const side = distance < 0 ? half : 0;
  const steps = Math.abs(distance);
  if (steps < exact) return side + steps;
  const share = Math.fround(Math.fround(Math.log(steps / exact)) / Math.fround(Math.log(maxDistance / exact)));
  return side + Math.min(half - 1, exact + Math.trunc(Math.fround(share * (half - exact))));
}
