import type { QueryScores } from '../record.js';

/** Query id → value of one measure; null if the query is not in the mean, because it has no ranking. */
export type QueryValues = ReadonlyMap<string, number | null>;

/** Two systems' values on the same queries. */
export interface Pairing {
  readonly ids: readonly string[];
  readonly a: readonly number[];
  readonly b: readonly number[];
  /** Numbers of queries with a value in only one of the two; the other counts 0. */
  readonly onlyA: number;
  readonly onlyB: number;
}

/** The values of a measure by query, in the order of the file; undefined if the file does not have the measure. */
export function valuesOf({ measures, queries }: QueryScores, measure: string): QueryValues | undefined {
  const column = measures.indexOf(measure);
  if (column < 0) return undefined;
  return new Map(queries.map(({ id, values }) => [id, values[column] ?? null]));
}

/**
 * Pairs two systems' values by query, in the order of `a`. A query without a value in both is left out, as in both means. A
 * query without a value in one counts 0 there: otherwise a system that returns nothing for its hardest queries would look
 * better.
 */
export function pairValues(a: QueryValues, b: QueryValues): Pairing {
  const ids = [...new Set([...a.keys(), ...b.keys()])].filter((id) => isNumber(a.get(id)) || isNumber(b.get(id)));
  return {
    ids,
    a: ids.map((id) => a.get(id) ?? 0),
    b: ids.map((id) => b.get(id) ?? 0),
    onlyA: ids.filter((id) => !isNumber(b.get(id))).length,
    onlyB: ids.filter((id) => !isNumber(a.get(id))).length,
  };
}

function isNumber(value: number | null | undefined): value is number {
  return typeof value === 'number';
}
