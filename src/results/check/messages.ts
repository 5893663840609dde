import { formatDifference, formatProbability, formatScore } from '../score-format.js';
import { differenceText, workDifferences } from '../compare/work-difference.js';
import type { Pairing } from '../compare/pairing.js';
import type { MeasureTest } from './match.js';
import type { Judgement } from './rule.js';

/** Maximum number of queries that a message names. */
const named = 3;

/** `nDCG@10 fell from 0.4900 to 0.3883 (-0.1017, p <0.0001; of 60 queries 0 better, 60 worse)`. */
export function movement({ measure, pair }: MeasureTest, { before, after, p }: Judgement): string {
  const verb = after < before ? 'fell' : after > before ? 'rose' : 'went';
  const moved = `${measure} ${verb} from ${formatScore(before)} to ${formatScore(after)} (${formatDifference(after - before)}`;
  if (pair === null || p === null) return `${moved}; it has no values by query, so the difference alone decides)`;
  const { ids } = pair.pairing;
  const changes = changesOf(pair.pairing);
  const losses = changes.filter(({ change }) => change < 0).length;
  const counts = `of ${ids.length} queries ${changes.length - losses} better, ${losses} worse`;
  return `${moved}, p ${formatProbability(p)}; ${counts})`;
}

/** A remark where no fall of the queries that changed could be significant; empty otherwise. */
export function tooFew({ pair }: MeasureTest, tests: number, alpha: number): string {
  if (pair === null || 2 ** -changesOf(pair.pairing).length * tests <= alpha) return '';
  return `; too few queries changed for any p to reach ${alpha}`;
}

/** The queries that fell most, and all differences from when the baseline was written. */
export function explanation(test: MeasureTest): string {
  return (test.pair === null ? '' : worstQueries(test, test.pair.pairing)) + `; ${whatDiffers(test)}`;
}

function worstQueries({ entry, result, measure }: MeasureTest, pairing: Pairing): string {
  const { a, b, onlyA } = pairing;
  const lost = onlyA === 0 ? '' : `; ${onlyA} queries have no ranking any more and count 0`;
  const [before, now] = [entry.means[measure]!, result.record.measures[measure]!];
  const isApart = (recorded: number, values: readonly number[]): boolean =>
    Math.abs(recorded - values.reduce((sum, value) => sum + value, 0) / values.length) > 1e-4;
  const apart = isApart(before, a) || isApart(now, b);
  const means = apart ? `; the records' own means are ${formatScore(before)} and ${formatScore(now)}` : '';
  const falls = changesOf(pairing).sort((x, y) => x.change - y.change);
  const worst = falls.slice(0, named).flatMap(({ id, change }) => (change < 0 ? [id] : []));
  return `${lost}${means}; worst: ${worst.join(', ')}`;
}

function changesOf({ ids, a, b }: Pairing): { readonly id: string; readonly change: number }[] {
  return ids.map((id, i) => ({ id, change: b[i]! - a[i]! })).filter(({ change }) => change !== 0);
}

/** The differences from when the baseline was written. The machine is not part of a baseline: it changes with every CI runner. */
function whatDiffers({ entry, result: { record } }: MeasureTest): string {
  const differing = workDifferences(entry, { ...record, versions: record.provenance.versions });
  if (differing.length === 0) return 'no recorded setting, model file or version differs';
  return `differs: ${differing.map(differenceText).join('; ')}`;
}
