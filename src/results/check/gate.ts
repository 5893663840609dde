import { defaultComparison, randomisationTest } from '../../measures/resampling.js';
import { holm } from '../../measures/significance.js';
import { mean } from '../../measures/statistics.js';
import { identityOf, roundedValues, type Baseline, type BaselineEntry } from './baseline.js';
import { formatDifference, formatProbability, formatScore } from '../score-format.js';
import type { CheckCase } from './check-report.js';
import type { GateLimits } from './limits.js';
import { dataDifferences } from '../compare/comparison.js';
import { pairValues, valuesOf, type ScoredResult } from '../compare/pairing.js';
import { differenceText, workDifferences, type DescribedWork } from '../compare/work-difference.js';

/** Tolerance for rounding errors, so that a drop of exactly `maxDrop` passes. */
const rounding = 1e-9;

/** Maximum number of queries that a message names. */
const named = 3;

/**
 * Compares results with a baseline: one case per entry, then one per result that is not in the baseline. A drop fails if it
 * is beyond `maxDrop` and significant: paired randomisation test, two-sided, corrected by Holm's method for the number of
 * compared results. If the measure has no values per query, the drop alone decides. A missing result fails, and so does
 * one of other data, of another profile, or without the measure.
 * @param results at most one per entry (see onePerEntry)
 */
export function checkBaseline(baseline: Baseline, results: readonly ScoredResult[], limits: GateLimits): CheckCase[] {
  const permutations = permutationsFor(baseline.results.length, limits.alpha);
  const matched = baseline.results.map((entry) => matchOf(entry, results, permutations));
  const compared = matched.flatMap(({ comparison }) => (comparison === undefined ? [] : [comparison]));
  const corrected = holm(compared.map((comparison) => comparison.p));
  const pOf = new Map(compared.map((comparison, i) => [comparison, corrected[i]!]));
  const known = new Set(matched.flatMap(({ candidates }) => candidates));
  return [
    ...matched.map(({ entry, candidates, result, comparison }) => {
      if (result === undefined) return notCompared(entry, candidates);
      if (comparison === undefined) return judgedByMean(entry, result, limits);
      return judged(entry, comparison, { p: pOf.get(comparison)!, tests: compared.length, ...limits });
    }),
    ...results.filter((result) => !known.has(result)).map(newResult),
  ];
}

/** An entry, the results with its identity, the one to compare, and the comparison if the entry has scores per query. */
interface Match {
  readonly entry: BaselineEntry;
  readonly candidates: readonly ScoredResult[];
  readonly result: ScoredResult | undefined;
  readonly comparison: EntryComparison | undefined;
}

interface EntryComparison {
  readonly queries: number;
  readonly meanA: number;
  readonly meanB: number;
  readonly p: number;
  /** Numbers of queries that are better and worse than in the baseline. */
  readonly wins: number;
  readonly losses: number;
  /** Ids of the queries that fell, the largest fall first. */
  readonly fallen: readonly string[];
  readonly result: ScoredResult;
  /** Number of the baseline's queries that have no ranking now. */
  readonly lost: number;
}

/**
 * The number of permutations. With n of them no p is below 1 / (n + 1), which the correction multiplies by the number of
 * results; so n is four times what is needed to reach alpha.
 */
function permutationsFor(tests: number, alpha: number): number {
  return Math.min(1_000_000, Math.max(defaultComparison.permutations, Math.ceil((4 * tests) / alpha)));
}

function matchOf(entry: BaselineEntry, results: readonly ScoredResult[], permutations: number): Match {
  const claims = results.filter(({ record }) => identityOf(record) === identityOf(entry));
  const comparable = claims.filter((result) => obstacles(entry, result).length === 0);
  const [result] = comparable;
  if (result === undefined) return { entry, candidates: claims, result, comparison: undefined };
  const scored = entry.scores.length > 0;
  return {
    entry,
    candidates: comparable,
    result,
    comparison: scored ? compareWith(entry, result, permutations) : undefined,
  };
}

/** Reasons why a result cannot be compared with an entry. */
function obstacles(entry: BaselineEntry, { record, perQuery }: ScoredResult): string[] {
  const scored = record.measures[entry.measure] !== undefined;
  const scoredByQuery = perQuery.measures.includes(entry.measure);
  return [
    ...dataDifferences(entry.task, record.task),
    ...(entry.profile === record.profile ? [] : [`profile ${entry.profile} and ${record.profile}`]),
    ...(scored ? [] : [`${entry.measure} in the baseline alone`]),
    ...(scored && entry.scores.length > 0 && !scoredByQuery ? [`${entry.measure} by query in the baseline alone`] : []),
  ];
}

function compareWith(entry: BaselineEntry, result: ScoredResult, permutations: number): EntryComparison {
  const now = roundedValues(valuesOf(result.perQuery, entry.measure)!);
  const { ids, a, b, onlyA } = pairValues(new Map(entry.scores), now);
  const changes = ids.map((id, i) => ({ id, change: b[i]! - a[i]! })).filter(({ change }) => change !== 0);
  const falls = changes.filter(({ change }) => change < 0).sort((x, y) => x.change - y.change);
  return {
    queries: ids.length,
    meanA: mean(a),
    meanB: mean(b),
    p: randomisationTest(a, b, { ...defaultComparison, permutations }).p,
    wins: changes.length - falls.length,
    losses: falls.length,
    fallen: falls.map(({ id }) => id),
    result,
    lost: onlyA,
  };
}

/** The case of a measure without per-query values: it cannot be tested, so the drop alone decides. */
function judgedByMean(entry: BaselineEntry, { record }: ScoredResult, { maxDrop }: GateLimits): CheckCase {
  const now = record.measures[entry.measure]!;
  const difference = now - entry.mean;
  const found = { ...caseOf(entry), found: now };
  if (Math.abs(difference) < 1e-6)
    return { ...found, verdict: 'passed', outcome: 'equal', message: 'the mean is the same' };
  const message =
    `${entry.measure} went from ${formatScore(entry.mean)} to ${formatScore(now)} (${formatDifference(difference)}); it has no values ` +
    'by query, so the difference alone decides';
  if (difference >= -(maxDrop + rounding)) return { ...found, verdict: 'passed', outcome: 'within limits', message };
  const versions = { versions: record.provenance.versions };
  return {
    ...found,
    verdict: 'failed',
    outcome: 'dropped',
    message: `${message}; ${whatDiffers(entry, { ...record, ...versions })}`,
  };
}

function judged(
  entry: BaselineEntry,
  comparison: EntryComparison,
  { p, tests, maxDrop, alpha }: GateLimits & { readonly p: number; readonly tests: number },
): CheckCase {
  const { meanA, meanB, wins, losses } = comparison;
  const difference = meanB - meanA;
  const significant = p <= alpha;
  const beyond = difference < -(maxDrop + rounding);
  const moved = movement(entry, comparison, p);
  const found = { ...caseOf(entry), expected: meanA, found: meanB, p };
  if (beyond && significant)
    return { ...found, verdict: 'failed', outcome: 'dropped', message: `${moved}${explanation(entry, comparison)}` };
  if (beyond) {
    const why = 2 ** (1 - wins - losses) * tests > alpha ? `; too few queries changed for any p to reach ${alpha}` : '';
    const message = `${moved}${why}${explanation(entry, comparison)}`;
    return { ...found, verdict: 'warned', outcome: 'drop, not significant', message };
  }
  if (wins + losses === 0)
    return { ...found, verdict: 'passed', outcome: 'equal', message: 'every query scored the same' };
  const outcome = difference > 0 && significant ? 'improved' : 'within limits';
  return { ...found, verdict: 'passed', outcome, message: moved };
}

function movement({ measure }: BaselineEntry, comparison: EntryComparison, p: number): string {
  const { meanA, meanB, wins, losses, queries } = comparison;
  const difference = meanB - meanA;
  const verb = difference < 0 ? 'fell' : difference > 0 ? 'rose' : 'went';
  return (
    `${measure} ${verb} from ${formatScore(meanA)} to ${formatScore(meanB)} ` +
    `(${formatDifference(difference)}, p ${formatProbability(p)}; of ${queries} queries ${wins} better, ${losses} worse)`
  );
}

/** The queries that fell most, and all differences from when the baseline was written. */
function explanation(entry: BaselineEntry, comparison: EntryComparison): string {
  const { fallen, result, lost } = comparison;
  // The machine is not part of a baseline, because it changes with every CI runner.
  const without = lost === 0 ? '' : `; ${lost} queries have no ranking any more and count 0`;
  const { record } = result;
  const recorded = record.measures[entry.measure]!;
  const apart = Math.abs(recorded - comparison.meanB) > 1e-4 || Math.abs(entry.mean - comparison.meanA) > 1e-4;
  const means = apart ? `; the records' own means are ${formatScore(entry.mean)} and ${formatScore(recorded)}` : '';
  const why = whatDiffers(entry, { ...record, versions: record.provenance.versions });
  return `${without}${means}; worst: ${fallen.slice(0, named).join(', ')}; ${why}`;
}

/** The differences from when the baseline was written; the machine is ignored, since CI has many. */
function whatDiffers(entry: BaselineEntry, now: DescribedWork): string {
  const differing = workDifferences(entry, now);
  if (differing.length === 0) return 'no recorded setting, model file or version differs';
  return `differs: ${differing.map(differenceText).join('; ')}`;
}

function notCompared(entry: BaselineEntry, candidates: readonly ScoredResult[]): CheckCase {
  const [claim] = candidates;
  if (claim === undefined) {
    const message = 'in the baseline, and missing now; run it, or take it out of the baseline with --update';
    return { ...caseOf(entry), verdict: 'failed', outcome: 'missing', message };
  }
  const why = obstacles(entry, claim).join(', ');
  return {
    ...caseOf(entry),
    verdict: 'failed',
    outcome: 'not comparable',
    message: `baseline and result differ: ${why}; run it as the baseline was, or make a new baseline with --update`,
  };
}

function newResult({ record }: ScoredResult): CheckCase {
  const { task, system, mainMeasure, measures } = record;
  return {
    task: task.name,
    system: system.name,
    measure: mainMeasure,
    verdict: 'skipped',
    outcome: 'new',
    expected: null,
    found: measures[mainMeasure] ?? null,
    p: null,
    message: 'not in the baseline; --update takes it in',
  };
}

function caseOf({ task, system, measure, mean }: BaselineEntry): Omit<CheckCase, 'verdict' | 'outcome' | 'message'> {
  return { task: task.name, system: system.name, measure, expected: mean, found: null, p: null };
}
