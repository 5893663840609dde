import type { QueryKeyValue } from './attention.js';
import type { Value } from './graph.js';
import type { Modules } from './modules.js';
import { lookUpDistance } from './relative-position.js';
import type { Tokens } from './tokens.js';

/** Relative positions of DeBERTa: distances from -span to span - 1 after {@link logBucket}, each with an embedding. */
export interface RelativePositions {
  /** Distances whose embeddings differ, per direction. */
  readonly span: number;
  /** Distances are divided into logarithmic buckets, 2 · span of them in all, or used as they are. */
  readonly logarithmic: boolean;
  /** Distance that has the last bucket. */
  readonly maxDistance: number;
}

/** Projections of the embeddings of distances, each [2 · span, heads · headSize]; null for a term that is left out. */
export interface PositionProjections {
  /** For what a query's content seeks at a distance (content to position). */
  readonly key: Value | null;
  /** For what a key's content seeks at a distance (position to content). */
  readonly query: Value | null;
}

export interface Heads {
  readonly heads: number;
  readonly headSize: number;
  /** Factor on each term. */
  readonly scale: number;
  /** Indices of the tokens that are queries; null for all. */
  readonly rows: Value | null;
}

/**
 * The terms that disentangled attention (He et al. 2021) adds to the scores q kᵀ, each [heads, rows, tokens]:
 * q · projection of the distance's embedding for keys, and k · that for queries. Follows
 * `disentangled_attention_bias` of transformers' `modeling_deberta_v2.py`.
 */
export function disentangledTerms(
  { modules, tokens }: { readonly modules: Modules; readonly tokens: Tokens },
  { query, key }: Pick<QueryKeyValue, 'query' | 'key'>,
  positions: PositionProjections,
  relative: RelativePositions,
  { heads, headSize, scale, rows }: Heads,
): Value[] {
  const { graph } = modules;
  const split = (x: Value, perm: number[]): Value =>
    graph.op('Transpose', [graph.op('Reshape', [x, graph.integers([-1, heads, headSize])])], { perm });
  const index = tokens.rowsOf('disentangled index', rows, () => distanceIndex(tokens, relative));
  const indices = tokens.once(`disentangled index of ${rows ?? 'all'} for ${heads}`, () => {
    const shape = graph.op('Concat', [graph.integers([heads]), graph.op('Shape', [index])], { axis: 0 });
    return graph.op('Expand', [index, shape]);
  });
  const terms: Value[] = [];
  if (positions.key !== null) {
    const all = graph.op('MatMul', [split(query, [1, 0, 2]), split(positions.key, [1, 2, 0])]);
    terms.push(graph.op('GatherElements', [all, indices], { axis: 2 }));
  }
  if (positions.query !== null) {
    const all = graph.op('MatMul', [split(positions.query, [1, 0, 2]), split(key, [1, 2, 0])]);
    terms.push(graph.op('GatherElements', [all, indices], { axis: 1 }));
  }
  return terms.map((term) => graph.op('Mul', [term, graph.scalar(scale)]));
}

/** The row of each distance in the table of embeddings, int64 [tokens, tokens]. */
function distanceIndex(tokens: Tokens, relative: RelativePositions): Value {
  const { span, logarithmic, maxDistance } = relative;
  const limit = logarithmic ? 2 * maxDistance : span;
  return lookUpDistance(tokens, limit, (distance) => {
    const bucket = logarithmic ? logBucket(distance, relative) : distance;
    return Math.min(Math.max(bucket + span, 0), 2 * span - 1);
  });
}

/**
 * Distances up to span / 2 as they are, logarithmic buckets beyond, span - 1 at `maxDistance` - 1. Follows
 * `make_log_bucket_position` of transformers' `modeling_deberta_v2.py`, which computes in float32.
 */
function logBucket(distance: number, { span, maxDistance }: RelativePositions): number {
  const f = Math.fround;
  const middle = Math.floor(span / 2);
  const steps = Math.abs(distance);
  if (steps <= middle) return distance;
  const share = f(f(Math.log(f(steps / middle))) / f(Math.log(f((maxDistance - 1) / middle))));
  return Math.sign(distance) * (Math.ceil(f(share * (middle - 1))) + middle);
}
