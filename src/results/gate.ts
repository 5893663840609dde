import { comparePaired, holm, type PairedComparison } from '../measures/significance.js';
import { identityOf, roundedValues, type Baseline, type BaselineEntry, type ScoredResult } from './baseline.js';
import type { CheckCase } from './check-report.js';
import { dataDifferences } from './comparison.js';
import { pairValues, valuesOf } from './pairing.js';
import { differenceText, workDifferences } from './work-difference.js';

export interface GateLimits {
  /** How far a mean may fall before a significant drop fails, in the measure's own unit. */
  readonly maxDrop: number;
  /** A drop is significant where its corrected p-value is at most this; 1 lets every drop beyond `maxDrop` fail. */
  readonly alpha: number;
}

/** A drop of half a point (nDCG@10 of 0.500 to 0.495) is what the literature would still call the same. */
export const defaultLimits: GateLimits = { maxDrop: 0.005, alpha: 0.05 };

/** How many of the queries that fell most a message names. */
const named = 3;

/**
 * Holds results against a baseline, one case an entry of it, then one a result that it does not have. A drop fails where it
 * is beyond `maxDrop` and significant: paired randomisation test, two-sided, corrected by Holm's method for the number of
 * results compared. A missing result fails, and so does one of other data, another profile or without the measure.
 * @param results no two that could be the same entry (see onePerEntry)
 */
export function checkBaseline(baseline: Baseline, results: readonly ScoredResult[], limits: GateLimits): CheckCase[] {
  const matched = baseline.results.map((entry) => matchOf(entry, results));
  const compared = matched.flatMap(({ comparison }) => (comparison === undefined ? [] : [comparison]));
  const corrected = holm(compared.map(({ randomisation }) => randomisation.p));
  const pOf = new Map(compared.map((comparison, i) => [comparison, corrected[i]!]));
  const known = new Set(matched.flatMap(({ candidates }) => candidates));
  return [
    ...matched.map((match) =>
      match.comparison === undefined
        ? notCompared(match)
        : judged(match, match.comparison, { p: pOf.get(match.comparison)!, tests: compared.length, ...limits }),
    ),
    ...results.filter((result) => !known.has(result)).map(newResult),
  ];
}

/** An entry, the results that claim to be it, and the comparison with the one that can be compared. */
interface Match {
  readonly entry: BaselineEntry;
  readonly candidates: readonly ScoredResult[];
  readonly comparison: EntryComparison | undefined;
}

interface EntryComparison extends PairedComparison {
  /** Ids of the queries that fell most, worst first. */
  readonly fallen: readonly string[];
  readonly result: ScoredResult;
  /** Queries of the baseline without a ranking now. */
  readonly lost: number;
}

function matchOf(entry: BaselineEntry, results: readonly ScoredResult[]): Match {
  const claims = results.filter(({ record }) => identityOf(record) === identityOf(entry));
  const comparable = claims.filter((result) => obstacles(entry, result).length === 0);
  const [result] = comparable;
  if (result === undefined) return { entry, candidates: claims, comparison: undefined };
  return { entry, candidates: comparable, comparison: compareWith(entry, result) };
}

/** What stands in the way of comparing a result with an entry, in words. */
function obstacles(entry: BaselineEntry, { record, perQuery }: ScoredResult): string[] {
  return [
    ...dataDifferences(entry.task, record.task),
    ...(entry.profile === record.profile ? [] : [`profile ${entry.profile} and ${record.profile}`]),
    ...(perQuery.measures.includes(entry.measure) ? [] : [`${entry.measure} in the baseline alone`]),
  ];
}

function compareWith(entry: BaselineEntry, result: ScoredResult): EntryComparison {
  const now = roundedValues(valuesOf(result.perQuery, entry.measure)!);
  const { ids, a, b, onlyA } = pairValues(new Map(entry.scores), now);
  const falls = ids
    .map((id, i) => ({ id, fall: a[i]! - b[i]! }))
    .filter(({ fall }) => fall > 0)
    .sort((x, y) => y.fall - x.fall);
  return { ...comparePaired(a, b), fallen: falls.map(({ id }) => id), result, lost: onlyA };
}

function judged(
  { entry }: Match,
  comparison: EntryComparison,
  { p, tests, maxDrop, alpha }: GateLimits & { readonly p: number; readonly tests: number },
): CheckCase {
  const { difference, wins, losses } = comparison;
  const significant = p <= alpha;
  // The tolerance keeps a drop of just maxDrop from failing by rounding.
  const beyond = difference < -(maxDrop + 1e-9);
  const moved = movement(entry, comparison, p);
  const found = { ...caseOf(entry), expected: comparison.meanA, found: comparison.meanB, p };
  if (beyond && significant)
    return { ...found, verdict: 'failed', outcome: 'dropped', message: `${moved}${explanation(entry, comparison)}` };
  if (beyond) {
    const why = 2 ** (1 - wins - losses) * tests > alpha ? `; too few queries changed for any p to reach ${alpha}` : '';
    return { ...found, verdict: 'warned', outcome: 'drop, not significant', message: `${moved}${why}` };
  }
  if (wins + losses === 0) return { ...found, verdict: 'passed', outcome: 'equal', message: 'every query scored the same' };
  const outcome = difference > 0 && significant ? 'improved' : 'within limits';
  return { ...found, verdict: 'passed', outcome, message: moved };
}

function movement({ measure }: BaselineEntry, comparison: EntryComparison, p: number): string {
  const { meanA, meanB, difference, wins, losses, queries } = comparison;
  const verb = difference < 0 ? 'fell' : difference > 0 ? 'rose' : 'stayed';
  return (
    `${measure} ${verb} from ${meanA.toFixed(4)} to ${meanB.toFixed(4)} ` +
    `(${difference > 0 ? '+' : ''}${difference.toFixed(4)}, p ${formatP(p)}; of ${queries} queries ${wins} better, ${losses} worse)`
  );
}

/** Which queries fell most, and what is not as it was when the baseline was made. */
function explanation(entry: BaselineEntry, { fallen, result, lost }: EntryComparison): string {
  // The machine is not in a baseline: it would change with every runner of a CI.
  const { record } = result;
  const differing = workDifferences(entry, { ...record, versions: record.provenance.versions });
  const why = differing.length === 0 ? 'no recorded setting or version differs' : differing.map(differenceText).join('; ');
  const without = lost === 0 ? '' : `; ${lost} queries have no ranking any more and count 0`;
  return `${without}; worst: ${fallen.slice(0, named).join(', ')}; ${why}`;
}

function notCompared({ entry, candidates }: Match): CheckCase {
  const [claim] = candidates;
  if (claim === undefined) {
    const message = 'the baseline has this result, and there is none now; run it, or take it out with --update';
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
    message: 'the baseline does not have this result; --update takes it in',
  };
}

function caseOf({ task, system, measure, mean }: BaselineEntry): Omit<CheckCase, 'verdict' | 'outcome' | 'message'> {
  return { task: task.name, system: system.name, measure, expected: mean, found: null, p: null };
}

/** `0.0123`, or `< 0.0001`. */
export function formatP(p: number): string {
  return p < 0.0001 ? '< 0.0001' : p.toFixed(4);
}
