import type { Feeds } from '../runtime/messages.js';

/** Limits for packing the pairs of one document. */
export interface PackLimits {
  /** Longest input in tokens, or null for no limit. */
  readonly maxTokens: number | null;
  /** Number of tokens at the start of the context that truncation keeps. */
  readonly instructionTokens: number;
  /**
   * Largest number of query tokens per pack; a longer query has a pack of its own. Attention between the queries of a
   * pack is computed and masked, which costs more the more query tokens there are.
   */
  readonly maxQueryTokens: number;
}

/** A context, followed by queries that do not see each other: one run of the scorer's graph. */
export interface Pack {
  readonly context: readonly number[];
  readonly queries: readonly PackedQuery[];
}

export interface PackedQuery {
  /** Index of the query among those of the document. */
  readonly index: number;
  /** The tokens to score. */
  readonly ids: readonly number[];
}

/**
 * Distributes the pairs of one document over packs. An input that is too long is truncated as in SGPT's `sgptce.py`:
 * the instruction is kept, the rest loses its beginning: `(ctx[:n] + (ctx[n:] + query)[-(maxTokens + 1 - n):])[:-1]`.
 * Pairs with the same context after truncation share a pack. If a query alone is longer than the space after the
 * instruction, the tokens at its end are scored (the reference program then compares tokens with the predictions of
 * other tokens). A query without tokens is in no pack.
 * @param context token ids of the prompt with the document, at least one
 */
export function packQueries(
  context: readonly number[],
  queries: readonly (readonly number[])[],
  limits: PackLimits,
): Pack[] {
  const { maxTokens, maxQueryTokens } = limits;
  const instruction = Math.min(limits.instructionTokens, context.length);
  const byContextCut = new Map<number, PackedQuery[]>();
  queries.forEach((query, index) => {
    if (query.length === 0) return;
    const over = maxTokens === null ? 0 : Math.max(0, context.length + query.length - (maxTokens + 1));
    const contextCut = Math.min(over, context.length - instruction);
    const group = byContextCut.get(contextCut) ?? [];
    if (group.length === 0) byContextCut.set(contextCut, group);
    group.push({ index, ids: query.slice(over - contextCut) });
  });
  const packs: Pack[] = [];
  for (const [cut, group] of byContextCut) {
    const kept = cut === 0 ? context : [...context.slice(0, instruction), ...context.slice(instruction + cut)];
    for (const part of splitByTokens(group, maxQueryTokens)) packs.push({ context: kept, queries: part });
  }
  return packs;
}

/** The number of pairs that lost tokens of the document or the query in {@link packQueries}. */
export function truncatedPairs(
  packs: readonly Pack[],
  context: readonly number[],
  queries: readonly (readonly number[])[],
): number {
  let pairs = 0;
  for (const pack of packs)
    for (const { index, ids } of pack.queries)
      if (pack.context.length < context.length || ids.length < queries[index]!.length) pairs++;
  return pairs;
}

function splitByTokens(queries: readonly PackedQuery[], maxTokens: number): PackedQuery[][] {
  const parts: PackedQuery[][] = [];
  let room = 0;
  for (const query of queries) {
    const last = parts.at(-1);
    if (last === undefined || query.ids.length > room) {
      parts.push([query]);
      room = maxTokens - query.ids.length;
    } else {
      last.push(query);
      room -= query.ids.length;
    }
  }
  return parts;
}

/**
 * The inputs of the scorer's graph (scorer-graph.ts). A query's last token is predicted, but not part of the input; its
 * first token is predicted by the context's last. Targets are in the order of the queries and their tokens.
 */
export function packFeeds({ context, queries }: Pack): Feeds {
  const inputs = queries.map(({ ids }) => ids.slice(0, -1));
  const ids = Int32Array.from([...context, ...inputs.flat()]);
  const positions = Int32Array.from([
    ...context.keys(),
    ...inputs.flatMap((query) => query.map((_, i) => context.length + i)),
  ]);
  const parts = new Int32Array(ids.length);
  const targets: number[] = [];
  let row = 1;
  queries.forEach((query, q) => {
    const start = context.length + row - 1;
    parts.fill(q + 1, start, start + inputs[q]!.length);
    query.ids.forEach((id, i) => targets.push(i === 0 ? 0 : row + i - 1, id));
    row += inputs[q]!.length;
  });
  const rows = Int32Array.from({ length: row }, (_, i) => context.length - 1 + i);
  return {
    ids: vector(ids),
    positions: vector(positions),
    parts: vector(parts),
    rows: vector(rows),
    targets: { type: 'int64', data: BigInt64Array.from(targets, BigInt), dims: [targets.length / 2, 2] },
  };
}

/** The sum of each query's log-probabilities, in the order of the pack's queries. */
export function sumByQuery({ queries }: Pack, logProbabilities: Float32Array): number[] {
  let position = 0;
  return queries.map(({ ids }) => {
    let sum = 0;
    for (const end = position + ids.length; position < end; position++) sum += logProbabilities[position]!;
    return sum;
  });
}

function vector(data: Int32Array): Feeds[string] {
  return { type: 'int32', data, dims: [data.length] };
}
