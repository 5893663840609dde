import { twitterParts, usebMainMeasures } from '../core/useb.js';
import { profileByName } from '../core/profile.js';
import { evaluationOptions, meanOverQueries, parseMeasure } from '../measures/index.js';
import { usebFraction, usebFractionDecimals, usebMeans } from '../measures/useb/index.js';
import { roundHalfEven } from '../measures/index.js';
import type { QueryScores, ResultRecord } from './record.js';

/** Tolerance for sums of the same numbers in another order. */
const rounding = 1e-9;

/** True for a record of a USEB task, which has USEB's own measures and no run. */
export function isUsebRecord({ mainMeasure }: Pick<ResultRecord, 'mainMeasure'>): boolean {
  return Object.values(usebMainMeasures).includes(mainMeasure);
}

/**
 * The first reason why a record's means do not follow from its per-query scores: queries that are doubled or too many,
 * values outside of their measure's range, a mean that is another one.
 * @returns a clause (`the mean of nDCG@10 is …`), or null if all is well
 */
export function scoreFlaw(record: ResultRecord, scores: QueryScores): string | null {
  return (
    queryFlaw(record, scores) ??
    valueFlaw(record, scores) ??
    (isUsebRecord(record) ? usebFlaw(record, scores) : retrievalFlaw(record, scores)) ??
    (Object.hasOwn(record.measures, record.mainMeasure) ? null : `its main measure ${record.mainMeasure} has no mean`)
  );
}

function queryFlaw({ task, files, mainMeasure }: ResultRecord, { measures, queries }: QueryScores): string | null {
  const name = files.perQuery.name;
  if (new Set(measures).size < measures.length) return `${name} has a measure twice`;
  const seen = new Set<string>();
  for (const { id, values } of queries) {
    if (seen.has(id)) return `${name} has query ${id} twice`;
    seen.add(id);
    if (values.length !== measures.length)
      return `${name} has ${values.length} values of query ${id}, and ${measures.length} measures`;
  }
  if (mainMeasure === usebMainMeasures.twitterpara)
    return queries.length === 0 ? null : `${name} should have no queries`;
  // SciDocs leaves out queries without a title, which the task counts.
  const maybeFewer = mainMeasure === usebMainMeasures.scidocs;
  if (maybeFewer ? queries.length <= task.queries : queries.length === task.queries) return null;
  return `${name} has ${queries.length} queries, and the record says ${task.queries}`;
}

/** Measures are from 0 to 1; correlations from -1. */
function valueFlaw({ files, measures: means }: ResultRecord, { measures, queries }: QueryScores): string | null {
  const lowest = (measure: string): number => (measure.startsWith('spearman_') ? -1 : 0);
  const isOutside = (value: number, low: number): boolean => !(value >= low - rounding && value <= 1 + rounding);
  for (const [measure, value] of Object.entries(means))
    if (isOutside(value, lowest(measure))) return `its mean of ${measure} is ${value}, which no such measure can be`;
  const low = measures.map(lowest);
  for (const { id, values } of queries) {
    const at = values.findIndex((value, column) => value !== null && isOutside(value, low[column]!));
    if (at < 0) continue;
    return `${files.perQuery.name} has ${values[at]!} for ${measures[at]!} of query ${id}, which no such measure can be`;
  }
  return null;
}

function retrievalFlaw(record: ResultRecord, { measures, queries }: QueryScores): string | null {
  const { task, evaluation, files } = record;
  const names = Object.keys(record.measures);
  if (names.length !== measures.length || !names.every((name) => measures.includes(name)))
    return `${files.perQuery.name} has values of ${measures.join(', ')}, and the record has means of ${names.join(', ')}`;
  const missing = queries.filter(({ values }) => values.includes(null));
  const half = missing.find(({ values }) => values.some((value) => value !== null));
  if (half !== undefined) return `${files.perQuery.name} has values of query ${half.id} for some measures only`;
  const expected = evaluation.average === 'complete' ? 0 : evaluation.queriesWithoutRanking;
  if (missing.length !== expected)
    return `${files.perQuery.name} has ${missing.length} queries without values, and ${expected} were expected`;
  const options = evaluationOptions(profileByName(record.profile), evaluation.identicalIdsRemoved);
  const judged = task.queries + (task.queryLimit === null ? task.judgedQueriesWithoutText : 0);
  for (const [column, name] of measures.entries()) {
    const measure = knownMeasure(name);
    if (measure === null) return `${name} is not the name of a measure`;
    const values = queries.map(({ values: row }) => row[column]!);
    const exact = meanOverQueries(measure, values, judged, { ...options, decimals: null });
    const flaw = meanFlaw(name, record.measures[name]!, exact, options.decimals);
    if (flaw !== null) return flaw;
  }
  return null;
}

function knownMeasure(name: string): ReturnType<typeof parseMeasure> | null {
  try {
    const measure = parseMeasure(name);
    return measure.name === name ? measure : null;
  } catch {
    return null;
  }
}

/** TwitterPara has no values by query, so only its averages follow, from the recorded numbers of its two parts. */
function usebFlaw(record: ResultRecord, { measures, queries }: QueryScores): string | null {
  const expected = new Map<string, number>();
  for (const [column, key] of measures.entries()) {
    const values = queries.map(({ id, values: row }) => ({ id, value: row[column]! }));
    for (const [name, mean] of usebMeans(key, values)) expected.set(name, mean);
  }
  if (record.mainMeasure === usebMainMeasures.twitterpara) return twitterFlaw(record);
  const names = Object.keys(record.measures);
  const unknown =
    names.find((name) => !expected.has(name)) ?? [...expected.keys()].find((name) => !names.includes(name));
  if (unknown !== undefined) return `${unknown} is in only one of the record and ${record.files.perQuery.name}`;
  for (const [name, mean] of expected) {
    const flaw = meanFlaw(name, record.measures[name]!, mean, usebFractionDecimals);
    if (flaw !== null) return flaw;
  }
  return null;
}

function twitterFlaw({ measures }: ResultRecord): string | null {
  const kinds = ['ap', 'spearman'];
  const keys = kinds.flatMap((kind) => [...twitterParts, 'avg'].map((part) => `${kind}_twitter_${part}`));
  const other = Object.keys(measures).find((name) => !keys.includes(name));
  if (other !== undefined) return `${other} is not a measure of this task`;
  const absent = keys.find((key) => !Object.hasOwn(measures, key));
  if (absent !== undefined) return `${absent} has no mean`;
  for (const kind of kinds) {
    const [a, b] = twitterParts.map((part) => measures[`${kind}_twitter_${part}`]!) as [number, number];
    const [found, mean] = [measures[`${kind}_twitter_avg`]!, (a + b) / 2];
    // The parts are rounded too, so that the mean of what is recorded may be half a unit off.
    if (Math.abs(found - mean) > 10 ** -usebFractionDecimals + rounding)
      return `the mean of ${kind}_twitter_avg is ${found}, and ${usebFraction(mean)} follows from its parts`;
  }
  return null;
}

/** @param exact the mean before rounding */
function meanFlaw(name: string, recorded: number, exact: number, decimals: number | null): string | null {
  const follows =
    decimals === null
      ? Math.abs(recorded - exact) <= rounding
      : Math.abs(recorded - exact) <= 0.5 * 10 ** -decimals + rounding &&
        roundHalfEven(recorded, decimals) === recorded;
  if (follows) return null;
  const expected = decimals === null ? exact : roundHalfEven(exact, decimals);
  return `the mean of ${name} is ${recorded}, and ${expected} follows from the values by query`;
}
