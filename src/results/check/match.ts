import { usebPartOf } from '../../measures/useb/index.js';
import type { Paired } from '../../measures/significance.js';
import { dataDifferences } from '../compare/comparison.js';
import { pairValues, valuesOf, type Pairing, type QueryValues } from '../compare/pairing.js';
import type { QueryScores } from '../record.js';
import type { DamagedResult, ScoredResult } from '../verify.js';
import { identityOf, roundedValues, type BaselineEntry } from './baseline.js';

export type CheckedResult = ScoredResult<QueryScores>;

/** An entry of the baseline, and the results that claim to be the same work. */
export interface Match {
  readonly entry: BaselineEntry;
  /** The result to compare; undefined if there is none that is comparable. */
  readonly result: CheckedResult | undefined;
  /** Results of the entry's system on its task. */
  readonly claims: readonly CheckedResult[];
  readonly damaged: readonly DamagedResult[];
}

export function matchOf(
  entry: BaselineEntry,
  results: readonly CheckedResult[],
  damaged: readonly DamagedResult[],
): Match {
  const isClaim = ({ record }: Pick<CheckedResult, 'record'>): boolean => identityOf(record) === identityOf(entry);
  const claims = results.filter(isClaim);
  const result = claims.find((claim) => obstaclesTo(entry, claim).length === 0);
  return { entry, result, claims, damaged: damaged.filter(isClaim) };
}

/** A gated measure of a result. */
export interface MeasureTest {
  readonly entry: BaselineEntry;
  readonly result: CheckedResult;
  readonly measure: string;
  /** Null if the measure has no values by query (average precision over pairs). */
  readonly pair: MeasurePair | null;
}

/** The tests of an entry: one per gated measure; none if there is no result to compare. */
export function testsOf({ entry, result }: Match): MeasureTest[] {
  if (result === undefined) return [];
  return Object.keys(entry.means).map((measure) => {
    const pair = entry.byQuery.includes(measure) ? pairOf(entry, measure, result) : null;
    return { entry, result, measure, pair };
  });
}

/** Reasons why a result cannot be compared with an entry. */
export function obstaclesTo(entry: BaselineEntry, { record, perQuery }: CheckedResult): string[] {
  const data = dataDifferences(entry.task, record.task);
  const profile = entry.profile === record.profile ? [] : [`profile ${entry.profile} and ${record.profile}`];
  const measures = Object.keys(entry.means).flatMap((measure) => {
    if (!Object.hasOwn(record.measures, measure)) return [`${measure} in the baseline alone`];
    const isByQuery = entry.byQuery.includes(measure) === perQuery.measures.includes(measure);
    return isByQuery ? [] : [`${measure} by query in only one of them`];
  });
  const queries = data.length > 0 || entry.byQuery.length === 0 ? [] : queryDifferences(entry, perQuery);
  return [...data, ...profile, ...measures, ...queries];
}

/** The same data and the same limit have the same queries. */
function queryDifferences({ scores }: BaselineEntry, { queries }: QueryScores): string[] {
  const now = new Set(queries.map(({ id }) => id));
  const before = new Set(scores.map(([id]) => id));
  const absent = [...before].filter((id) => !now.has(id));
  const added = [...now].filter((id) => !before.has(id));
  const named = (ids: readonly string[]): string => `${ids.length} (${ids.slice(0, 3).join(', ')})`;
  return [
    ...(absent.length === 0 ? [] : [`queries in the baseline alone: ${named(absent)}`]),
    ...(added.length === 0 ? [] : [`queries in the result alone: ${named(added)}`]),
    ...(now.size === queries.length ? [] : ['a query occurs twice in the result']),
  ];
}

/** A gated measure's values by query: of the baseline (a) and of the result (b). */
export interface MeasurePair {
  readonly pairing: Pairing;
  /** The values, weighted so that their plain means are the measure's: means over parts for some of USEB's. */
  readonly weighted: Paired;
}

function pairOf(entry: BaselineEntry, measure: string, { perQuery }: CheckedResult): MeasurePair {
  const column = entry.byQuery.indexOf(measure) + 1;
  const before: QueryValues = new Map(entry.scores.map((row) => [row[0], row[column] as number | null]));
  const pairing = pairValues(before, roundedValues(valuesOf(perQuery, measure)!));
  const weights = weightsOf(measure, pairing.ids);
  const weigh = (values: readonly number[]): number[] => values.map((value, i) => value * weights[i]!);
  return { pairing, weighted: { a: weigh(pairing.a), b: weigh(pairing.b) } };
}

/** 1 for each query, unless the measure is a mean over parts: then every part weighs the same. */
function weightsOf(measure: string, ids: readonly string[]): number[] {
  const parts = ids.map((id) => usebPartOf(measure, id));
  const sizes = new Map<string | null, number>();
  for (const part of parts) sizes.set(part, (sizes.get(part) ?? 0) + 1);
  return parts.map((part) => ids.length / (sizes.size * sizes.get(part)!));
}
