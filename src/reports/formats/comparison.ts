import type { MeasureComparison, MovedQuery, ResultComparison, TopDocument } from '../../results/compare/comparison.js';
import type { StoredResult } from '../../results/store.js';
import { formatDifference, formatScore, formatProbability } from '../../results/score-format.js';
import { alignedTable, printable, shortened } from '../layout/columns.js';

/** Width of a document in the rankings side by side, and of a query's text. */
const documentWidth = 52;
const queryWidth = 100;
/** Fewer queries than this deserve a warning. */
const few = 30;

/** A comparison of two results for a terminal. */
export function renderComparison(comparison: ResultComparison): string {
  const { a, b, measures, moved, movedBy } = comparison;
  const parts = [
    `A: ${sideText(a)}\nB: ${sideText(b)}\n`,
    differencesText(comparison),
    measures.length === 0 ? '' : measuresText(measures),
    untestedText(comparison),
    ...notes(comparison).map((note) => `note: ${note}\n`),
    moved.length === 0 ? '' : `Where ${movedBy} moved most; [grade] document, [–] where it is not judged:\n`,
    ...moved.map(movedText),
  ].filter((part) => part !== '');
  return parts.join('\n');
}

function sideText({ record, folder }: StoredResult): string {
  const { task, system, profile } = record;
  return printable(`${system.name} on ${task.name} (${task.split}), profile ${profile}: ${folder}`);
}

function differencesText({ differences }: ResultComparison): string {
  if (differences.length === 0) return 'No recorded setting, model file, version or machine differs.\n';
  const rows = (kind: 'work' | 'environment'): string[][] =>
    differences
      .filter((difference) => difference.kind === kind)
      .map(({ what, a, b }) => [what, a, b].map((text) => shortened(printable(text), 60)));
  const [work, environment] = [rows('work'), rows('environment')];
  return [
    ...(work.length === 0
      ? ['What was done is the same in every recorded setting.\n']
      : [alignedTable(['What differs', 'A', 'B'], work, [0, 1, 2])]),
    ...(environment.length === 0 ? [] : [alignedTable(['What it was done with', 'A', 'B'], environment, [0, 1, 2])]),
  ].join('\n');
}

function measuresText(measures: readonly MeasureComparison[]): string {
  const confidence = Math.round((measures[0]?.interval.confidence ?? 0.95) * 100);
  const several = measures.length > 1;
  const p = (raw: number, corrected: number): string[] => [
    formatProbability(raw),
    ...(several ? [formatProbability(corrected)] : []),
  ];
  const head = [
    'Measure',
    'A',
    'B',
    'B - A',
    `${confidence} % interval`,
    't-test p',
    ...(several ? ['Holm'] : []),
    'randomisation p',
    ...(several ? ['Holm'] : []),
    'effect',
    'better/equal/worse',
  ];
  const rows = measures.map((one) => [
    one.measure,
    formatScore(one.meanA),
    formatScore(one.meanB),
    formatDifference(one.difference),
    `${formatDifference(one.interval.low)} to ${formatDifference(one.interval.high)}`,
    ...p(one.tTest.p, one.corrected.tTest),
    ...p(one.randomisation.p, one.corrected.randomisation),
    Number.isFinite(one.effectSize) ? one.effectSize.toFixed(2) : '∞',
    `${one.wins}/${one.ties}/${one.losses}`,
  ]);
  return alignedTable(head, rows, [0]);
}

function untestedText({ untested }: ResultComparison): string {
  if (untested.length === 0) return '';
  const rows = untested.map(({ measure, meanA, meanB, difference }) => [
    measure,
    formatScore(meanA),
    formatScore(meanB),
    formatDifference(difference),
  ]);
  return alignedTable(['Not by query, so not tested', 'A', 'B', 'B - A'], rows, [0]);
}

/** What the table's means stand for where that is not the records' own. */
function notes({ a, b, measures }: ResultComparison): string[] {
  const [first] = measures;
  if (first === undefined) return [];
  const alone = [
    first.onlyA === 0 ? '' : `${first.onlyA} queries are outside B's means`,
    first.onlyB === 0 ? '' : `${first.onlyB} queries are outside A's means`,
  ].filter((part) => part !== '');
  const other = measures.filter(({ measure, meanA, meanB }) => {
    const [recordedA, recordedB] = [a.record.measures[measure]!, b.record.measures[measure]!];
    return Math.abs(recordedA - meanA) > 1e-4 || Math.abs(recordedB - meanB) > 1e-4;
  });
  const recorded = other.map(({ measure }) => {
    const [recordedA, recordedB] = [a.record.measures[measure]!, b.record.measures[measure]!];
    return `${measure} ${formatScore(recordedA)} and ${formatScore(recordedB)}`;
  });
  return [
    ...(alone.length === 0
      ? []
      : [`${alone.join(' and ')} for want of a ranking; they count 0 there in this comparison`]),
    ...(recorded.length === 0 ? [] : [`means are over queries here; the records' own are ${recorded.join(', ')}`]),
    ...(first.queries < few
      ? [`${first.queries} queries are few: only large differences can be told from chance`]
      : []),
  ];
}

function movedText({ id, text, a, b, difference, topA, topB }: MovedQuery): string {
  const value = (score: number | null): string => (score === null ? 'no ranking' : formatScore(score));
  const rows = Array.from({ length: Math.max(topA.length, topB.length) }, (_, i) => [
    String(i + 1),
    documentText(topA[i]),
    documentText(topB[i]),
  ]);
  const heading =
    `${printable(id)}: ${shortened(printable(text), queryWidth)}\n` +
    `${value(a)} to ${value(b)} (${formatDifference(difference)})\n`;
  return heading + (rows.length === 0 ? '' : alignedTable(['', 'A', 'B'], rows, [1, 2]));
}

function documentText(document: TopDocument | undefined): string {
  if (document === undefined) return '';
  const { id, title, grade } = document;
  return shortened(printable(`[${grade ?? '–'}] ${id}: ${title}`), documentWidth);
}
