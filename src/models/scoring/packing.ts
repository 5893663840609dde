import type { Feeds } from '../runtime/messages.js';

/** What the pairs of one document are scored with. */
export interface PackLimits {
  /** The model's longest input, or null. */
  readonly maxTokens: number | null;
  /** Tokens at the beginning of the context that are kept when the rest has to be cut. */
  readonly instructionTokens: number;
  /**
   * Query tokens a pack may hold; a query of more has a pack of its own. Queries in a pack look past each other, which
   * costs more the more there are.
   */
  readonly maxQueryTokens: number;
}

/** A context, then queries that do not see each other: one run of the scorer's graph. */
export interface Pack {
  readonly context: readonly number[];
  readonly queries: readonly PackedQuery[];
}

export interface PackedQuery {
  /** Which of the group's queries it is. */
  readonly index: number;
  /** The tokens that are scored. */
  readonly ids: readonly number[];
}

/**
 * Lays the pairs of one document out in packs. An input that is too long is cut as SGPT's `sgptce.py` does: the
 * instruction stays, the rest loses its beginning:
 * `(ctx[:n] + (ctx[n:] + query)[-(maxTokens + 1 - n):])[:-1]`. Pairs share a pack where the same context is left over.
 * Of a query that alone is longer than what the instruction leaves free, the tokens at its end are scored (the reference
 * then compares tokens with the predictions of others). A query without tokens is in no pack.
 * @param context token ids of the prompt with the document, at least one
 */
export function packQueries(
  context: readonly number[],
  queries: readonly (readonly number[])[],
  limits: PackLimits,
): Pack[] {
  const { maxTokens, maxQueryTokens } = limits;
  const instruction = Math.min(limits.instructionTokens, context.length);
  const byCut = new Map<number, PackedQuery[]>();
  queries.forEach((query, index) => {
    if (query.length === 0) return;
    const over = maxTokens === null ? 0 : Math.max(0, context.length + query.length - (maxTokens + 1));
    const cut = Math.min(over, context.length - instruction);
    const group = byCut.get(cut) ?? [];
    if (group.length === 0) byCut.set(cut, group);
    group.push({ index, ids: query.slice(over - cut) });
  });
  const packs: Pack[] = [];
  for (const [cut, group] of byCut) {
    const kept = cut === 0 ? context : [...context.slice(0, instruction), ...context.slice(instruction + cut)];
    for (const part of splitByTokens(group, maxQueryTokens)) packs.push({ context: kept, queries: part });
  }
  return packs;
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
 * The inputs of the scorer's graph (scorer-graph.ts). A query's last token is predicted and never fed; its first is
 * predicted by the context's last token. Targets are in the order of the queries and their tokens.
 */
export function packFeeds({ context, queries }: Pack): Feeds {
  const fed = queries.map(({ ids }) => ids.slice(0, -1));
  const ids = Int32Array.from([...context, ...fed.flat()]);
  const positions = Int32Array.from([
    ...context.keys(),
    ...fed.flatMap((query) => query.map((_, i) => context.length + i)),
  ]);
  const parts = new Int32Array(ids.length);
  const targets: number[] = [];
  let row = 1;
  queries.forEach((query, q) => {
    const start = context.length + row - 1;
    parts.fill(q + 1, start, start + fed[q]!.length);
    query.ids.forEach((id, i) => targets.push(i === 0 ? 0 : row + i - 1, id));
    row += fed[q]!.length;
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
