import type { MeasureComparison, MovedQuery, ResultComparison, TopDocument } from '../../results/compare/comparison.js';
import type { StoredResult } from '../../results/store.js';
import { formatDifference, formatScore, formatProbability } from '../../results/score-format.js';
import { printable } from '../../core/printable.js';
import { alignedTable, shortened } from '../layout/columns.js';

/** Width of a document in the two rankings, and of a query's text. */
const documentWidth = 52;
const queryWidth = 100;
/** With fewer queries than this, a warning is shown. */
const minQueries = 30;

/** A comparison of two results as text. */
export function renderComparison(comparison: ResultComparison): string {
  const { a, b, measures, moved, movedBy } = comparison;
  const parts = [
    `A: ${sideText(a)}\nB: ${sideText(b)}\n`,
    differencesText(comparison),
    measures.length === 0 ? '' : measuresText(measures),
    untestedText(comparison),
    ...notes(comparison).map((note) => `note: ${note}\n`),
    moved.length === 0 ? '' : `Queries whose ${movedBy} changed most; [grade] document, [–] if not judged:\n`,
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
      ? ['All recorded settings are equal.\n']
      : [alignedTable(['Setting', 'A', 'B'], work, [0, 1, 2])]),
    ...(environment.length === 0 ? [] : [alignedTable(['Environment', 'A', 'B'], environment, [0, 1, 2])]),
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
  return alignedTable(['Not per query, so not tested', 'A', 'B', 'B - A'], rows, [0]);
}

/** Explains how the table's means differ from the recorded ones, if they do. */
function notes({ a, b, measures }: ResultComparison): string[] {
  const [first] = measures;
  if (first === undefined) return [];
  const alone = [
    first.onlyA === 0 ? '' : `${first.onlyA} queries have no ranking in B`,
    first.onlyB === 0 ? '' : `${first.onlyB} queries have no ranking in A`,
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
      : [`${alone.join(' and ')}; the recorded means leave them out, this comparison counts them 0`]),
    ...(recorded.length === 0
      ? []
      : [`these means are over the compared queries; the recorded means are ${recorded.join(', ')}`]),
    ...(first.queries < minQueries
      ? [`${first.queries} queries are few: only large differences can be distinguished from chance`]
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
