import { InputError, unknownName } from '../../core/errors.js';
import { comparePaired, holm, type PairedComparison } from '../../measures/significance.js';
import { pairValues, valuesOf } from './pairing.js';
import type { PerQuery, ResultRecord } from '../record.js';
import type { StoredResult } from '../store.js';
import type { ScoredResult } from '../verify.js';
import {
  queriesText,
  short,
  workDifferences,
  workOf,
  type DescribedData,
  type WorkDifference,
} from './work-difference.js';

/** Smaller differences of a query are rounding errors. */
const sameValue = 1e-9;

export interface ComparisonRequest {
  /** Measures to compare, of those that both results have; default: all of them. */
  readonly measures?: readonly string[] | undefined;
  /** Number of queries to return in `moved`. */
  readonly queries: number;
}

/** Two results on the same data, compared query by query; differences are B - A. */
export interface ResultComparison {
  readonly a: StoredResult;
  readonly b: StoredResult;
  readonly measures: readonly MeasureComparison[];
  /** Measures without values per query (average precision over pairs), which cannot be tested. */
  readonly untested: readonly UntestedMeasure[];
  /** The measure that orders `moved`: the main one, if it has values per query; null if no measure has any. */
  readonly movedBy: string | null;
  /** The queries with the largest differences, largest first. */
  readonly moved: readonly MovedQuery[];
  /** Differences in data, system, settings, versions. */
  readonly differences: readonly WorkDifference[];
}

export interface MeasureComparison extends PairedComparison {
  readonly measure: string;
  /** p-values corrected by Holm's method for the number of compared measures. */
  readonly corrected: { readonly tTest: number; readonly randomisation: number };
  /** Numbers of queries with a value in only one of the two; the other has no ranking, which counts 0. */
  readonly onlyA: number;
  readonly onlyB: number;
}

export interface UntestedMeasure {
  readonly measure: string;
  readonly meanA: number;
  readonly meanB: number;
  readonly difference: number;
}

export interface MovedQuery {
  readonly id: string;
  readonly text: string;
  /** Null if the system has no ranking for the query. */
  readonly a: number | null;
  readonly b: number | null;
  readonly difference: number;
  readonly topA: readonly TopDocument[];
  readonly topB: readonly TopDocument[];
}

export type TopDocument = PerQuery['queries'][number]['top'][number];

/**
 * Compares two results by every measure that both have.
 * @throws InputError for results on different data, or a requested measure that one of them does not have
 */
export function compareResults(a: ScoredResult, b: ScoredResult, request: ComparisonRequest): ResultComparison {
  requireSameData(a, b);
  const names = measuresToCompare(a, b, request.measures);
  const byQuery = names.filter((name) => a.perQuery.measures.includes(name) && b.perQuery.measures.includes(name));
  const compared = byQuery.map((measure) => compareMeasure(a.perQuery, b.perQuery, measure));
  const tTest = holm(compared.map((comparison) => comparison.tTest.p));
  const randomisation = holm(compared.map((comparison) => comparison.randomisation.p));
  const { mainMeasure } = a.record;
  const movedBy = byQuery.includes(mainMeasure) ? mainMeasure : (byQuery[0] ?? null);
  return {
    a,
    b,
    measures: compared.map((comparison, i) => ({
      ...comparison,
      corrected: { tTest: tTest[i]!, randomisation: randomisation[i]! },
    })),
    untested: names.filter((name) => !byQuery.includes(name)).map((measure) => untested(a.record, b.record, measure)),
    movedBy,
    moved: movedBy === null ? [] : movedQueries(a.perQuery, b.perQuery, movedBy).slice(0, request.queries),
    differences: workDifferences(workOf(a.record), workOf(b.record)),
  };
}

/** Reasons why values of two results are not comparable; empty if they are. */
export function dataDifferences(a: DescribedData, b: DescribedData): string[] {
  return [
    a.split === b.split ? '' : `split ${a.split} and ${b.split}`,
    a.checksum === b.checksum ? '' : `data checksum ${short(a.checksum)} and ${short(b.checksum)}`,
    a.queryLimit === b.queryLimit ? '' : `queries ${queriesText(a.queryLimit)} and ${queriesText(b.queryLimit)}`,
  ].filter((difference) => difference !== '');
}

/** The task's name may differ: a data set opened by its folder is the same data as the suite's. */
function requireSameData(a: StoredResult, b: StoredResult): void {
  const why = dataDifferences(a.record.task, b.record.task);
  if (why.length === 0) return;
  const names = [...new Set([a.record.task.name, b.record.task.name])].join(' and ');
  throw new InputError(
    `${a.folder} and ${b.folder} are results of different data (${names}: ${why.join(', ')}), so their scores cannot be ` +
      'compared; run both systems on the same data, split and number of queries',
  );
}

function measuresToCompare(
  a: ScoredResult,
  b: ScoredResult,
  requested: readonly string[] | undefined,
): readonly string[] {
  const [namesA, namesB] = [a, b].map(({ record }) => Object.keys(record.measures)) as [string[], string[]];
  const common = namesA.filter((measure) => namesB.includes(measure));
  const unknown = requested?.find((measure) => !common.includes(measure));
  if (unknown !== undefined) throw unknownName('measure of both results', unknown, common);
  const names = requested ?? common;
  if (names.length > 0) return names;
  throw new InputError(
    `the two results have no measure in common (A: ${namesA.join(', ')}; B: ${namesB.join(', ')}); ` +
      'run one of them again with the measures of the other',
  );
}

function untested(a: ResultRecord, b: ResultRecord, measure: string): UntestedMeasure {
  const [meanA, meanB] = [a.measures[measure]!, b.measures[measure]!];
  return { measure, meanA, meanB, difference: meanB - meanA };
}

function compareMeasure(a: PerQuery, b: PerQuery, measure: string): Omit<MeasureComparison, 'corrected'> {
  const pairing = pairValues(valuesOf(a, measure)!, valuesOf(b, measure)!);
  const { onlyA, onlyB } = pairing;
  return { measure, ...comparePaired(pairing.a, pairing.b), onlyA, onlyB };
}

function movedQueries(a: PerQuery, b: PerQuery, measure: string): MovedQuery[] {
  const [valuesA, valuesB] = [valuesOf(a, measure)!, valuesOf(b, measure)!];
  const inB = new Map(b.queries.map((query) => [query.id, query]));
  const moved = a.queries.map(({ id, text, top }) => {
    const [x, y] = [valuesA.get(id) ?? null, valuesB.get(id) ?? null];
    return { id, text, a: x, b: y, difference: (y ?? 0) - (x ?? 0), topA: top, topB: inB.get(id)?.top ?? [] };
  });
  // Rounded to multiples of `sameValue`, so that queries with equal differences keep the data set's order.
  const distance = (query: MovedQuery): number => Math.round(Math.abs(query.difference) / sameValue);
  return moved.filter((query) => distance(query) > 0).sort((p, q) => distance(q) - distance(p));
}
