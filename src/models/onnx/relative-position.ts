import type { Value } from './graph.js';
import type { Modules } from './modules.js';
import type { Tokens } from './tokens.js';

/** How distances are divided into buckets, half of them per direction. */
export interface DistanceBuckets {
  readonly buckets: number;
  /** Distances from this one on share the last bucket. */
  readonly maxDistance: number;
}

/** A learned table `name.weight` [rows, heads], of whose rows the first `buckets` are used. */
export interface RelativePositionTable extends DistanceBuckets {
  readonly name: string;
  readonly rows: number;
  readonly heads: number;
}

/**
 * A learned bias per head and distance, T5's relative position bias.
 * @returns the bias to add to attention scores, [heads, tokens, tokens]
 */
export function relativePositionBias(modules: Modules, tokens: Tokens, table: RelativePositionTable): Value {
  const { graph } = modules;
  const { name, rows, heads, maxDistance } = table;
  return tokens.once('relative position bias', () => {
    const bucket = lookUpDistance(tokens, maxDistance, (distance) => positionBucket(distance, table));
    return graph.op('Transpose', [modules.embedding(name, bucket, rows, heads)], { perm: [2, 0, 1] });
  });
}

/**
 * A function of the distance between two tokens (the query's position minus the key's), int64 [tokens, tokens].
 * @param limit the function is the same for all distances from here on
 */
export function lookUpDistance(tokens: Tokens, limit: number, valueOf: (distance: number) => number): Value {
  const { graph } = tokens;
  const limited = graph.op('Clip', [tokens.distances(), graph.integer(-limit), graph.integer(limit)]);
  const table = Array.from({ length: 2 * limit + 1 }, (_, i) => valueOf(i - limit));
  const index = graph.op('Add', [limited, graph.integer(limit)]);
  return graph.op('Gather', [graph.integers(table), index], { axis: 0 });
}

/**
 * The bucket of a distance: for 32 buckets one each for 0 to 7, logarithmic buckets beyond. Keys after the query use the
 * upper half. Follows `_relative_position_bucket` of transformers' `modeling_t5.py`, which computes in float32.
 */
export function positionBucket(distance: number, { buckets, maxDistance }: DistanceBuckets): number {
  const half = Math.floor(buckets / 2);
  const exact = Math.floor(half / 2);
  const side = distance < 0 ? half : 0;
  const steps = Math.abs(distance);
  if (steps < exact) return side + steps;
  const share = Math.fround(Math.fround(Math.log(steps / exact)) / Math.fround(Math.log(maxDistance / exact)));
  return side + Math.min(half - 1, exact + Math.trunc(Math.fround(share * (half - exact))));
}
