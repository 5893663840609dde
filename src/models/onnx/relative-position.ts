import type { Value } from './graph.js';
import type { Modules } from './modules.js';
import type { Tokens } from './tokens.js';

/** Number of buckets that distances are divided into, half of them per direction. */
export const positionBuckets = 32;
/** Distances from this one on share the last bucket. */
const maxDistance = 128;

/** A learned table `name.weight` [buckets, heads]. */
export interface RelativePositionTable {
  readonly name: string;
  readonly buckets: number;
  readonly heads: number;
}

/**
 * A learned bias per head and distance: T5's relative position bias, in MPNet's variant.
 * @returns the bias to add to attention scores, [heads, tokens, tokens]
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
 * The bucket of a distance (the query's position minus the key's): one bucket each for 0 to 7, logarithmic buckets
 * beyond. Keys after the query use the upper half. Follows `relative_position_bucket` of transformers'
 * `modeling_mpnet.py`, which computes in float32.
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
