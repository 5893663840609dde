import { repair } from '../store.js';
import type { DamagedResult } from '../verify.js';
import { mainMeasureOf, type Baseline, type BaselineEntry } from './baseline.js';
import type { CheckCase } from './check-report.js';
import { requireLimits, type GateLimits } from './limits.js';
import { matchOf, obstaclesTo, testsOf, type CheckedResult, type Match, type MeasureTest } from './match.js';
import { explanation, movement, tooFew } from './messages.js';
import { judgeMeans, judgePairs, type Judgement } from './rule.js';

/**
 * Compares results with a baseline: one case per entry and gated measure, then one per result that is not in the baseline.
 * rule.ts says when a drop fails. A missing result fails, and so does one of other data, queries or profile, one without a
 * gated measure, and one that is damaged.
 * @param results at most one per entry (see onePerEntry)
 * @param damaged results that are not whole (see sortResults)
 * @throws InputError for limits with which nothing could fail
 */
export function checkBaseline(
  baseline: Baseline,
  results: readonly CheckedResult[],
  limits: GateLimits,
  damaged: readonly DamagedResult[] = [],
): CheckCase[] {
  requireLimits(limits);
  const matches = baseline.results.map((entry) => matchOf(entry, results, damaged));
  const tests = matches.map(testsOf);
  const judgements = judge(tests.flat(), limits);
  const known = new Set<unknown>(
    matches.flatMap(({ result, claims, damaged: own }) => (result === undefined ? [...claims, ...own] : [result])),
  );
  return [
    ...matches.flatMap((match, i) =>
      match.result === undefined
        ? [notCompared(match)]
        : tests[i]!.map((test) => judged(test, judgements.get(test)!, judgements.size, limits)),
    ),
    ...damaged.filter((result) => !known.has(result)).map(damagedResult),
    ...results.filter((result) => !known.has(result)).map(newResult),
  ];
}

/** Judges all measures of all results together, since each test adds to the number of tests. */
function judge(tests: readonly MeasureTest[], limits: GateLimits): ReadonlyMap<MeasureTest, Judgement> {
  const byQuery = tests.filter(({ pair }) => pair !== null);
  const judgements = judgePairs(
    byQuery.map(({ pair }) => pair!.weighted),
    limits,
  );
  const ofMeans = tests
    .filter(({ pair }) => pair === null)
    .map((test): [MeasureTest, Judgement] => {
      const { entry, result, measure } = test;
      return [test, judgeMeans(entry.means[measure]!, result.record.measures[measure]!, limits)];
    });
  return new Map([...byQuery.map((test, i): [MeasureTest, Judgement] => [test, judgements[i]!]), ...ofMeans]);
}

/** @param tests number of tests of the check */
function judged(test: MeasureTest, judgement: Judgement, tests: number, { alpha }: GateLimits): CheckCase {
  const { before, after, p, drop, improved } = judgement;
  const found = { ...caseOf(test.entry, test.measure), expected: before, found: after, p };
  const moved = movement(test, judgement);
  switch (drop) {
    case 'large': {
      const message = `${moved}, which is large whatever p is${explanation(test)}`;
      return { ...found, verdict: 'failed', outcome: 'large drop', message };
    }
    case 'significant':
      return { ...found, verdict: 'failed', outcome: 'dropped', message: moved + explanation(test) };
    case 'perhaps chance': {
      const message = moved + tooFew(test, tests, alpha) + explanation(test);
      return { ...found, verdict: 'warned', outcome: 'drop, not significant', message };
    }
    case 'none': {
      const outcome = isUnchanged(test) ? 'equal' : improved ? 'improved' : 'within limits';
      return { ...found, verdict: 'passed', outcome, message: outcome === 'equal' ? 'every value is the same' : moved };
    }
  }
}

function isUnchanged({ entry, result, measure, pair }: MeasureTest): boolean {
  if (pair === null) return Math.abs(entry.means[measure]! - result.record.measures[measure]!) < 1e-6;
  return pair.pairing.a.every((value, i) => value === pair.pairing.b[i]);
}

function notCompared({ entry, claims, damaged }: Match): CheckCase {
  const failed = { ...caseOf(entry, mainMeasureOf(entry)), verdict: 'failed' } as const;
  const [claim] = claims;
  if (claim !== undefined) {
    const why = obstaclesTo(entry, claim).join(', ');
    const message = `baseline and result differ: ${why}; run it as the baseline was, or make a new baseline with --update`;
    return { ...failed, outcome: 'not comparable', message };
  }
  if (damaged[0] !== undefined) return { ...failed, outcome: 'damaged', message: damageOf(damaged[0]) };
  const message = 'in the baseline, and missing now; run it, or take it out of the baseline with --update';
  return { ...failed, outcome: 'missing', message };
}

/** The case of a damaged result that no entry of a baseline misses. */
export function damagedResult(result: DamagedResult): CheckCase {
  const { task, system, mainMeasure } = result.record;
  return {
    ...{ task: task.name, system: system.name, measure: mainMeasure, expected: null, found: null, p: null },
    ...{ verdict: 'failed', outcome: 'damaged', message: damageOf(result) },
  };
}

function damageOf({ folder, flaw }: DamagedResult): string {
  return `${folder}: ${flaw}; ${repair}`;
}

function newResult({ record }: CheckedResult): CheckCase {
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

function caseOf(
  { task, system, means }: BaselineEntry,
  measure: string,
): Omit<CheckCase, 'verdict' | 'outcome' | 'message'> {
  return { task: task.name, system: system.name, measure, expected: means[measure]!, found: null, p: null };
}
