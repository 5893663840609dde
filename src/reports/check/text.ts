import { printable } from '../../core/printable.js';
import { summaryOf, type CheckCase, type CheckReport, type Verdict } from '../../results/check/check-report.js';
import { formatDifference, formatScore, formatProbability } from '../../results/score-format.js';
import { alignedTable, shortened } from '../layout/columns.js';

/** Labels of verdicts in the first column. */
export const marks: Readonly<Record<Verdict, string>> = { failed: 'FAIL', warned: 'warn', passed: 'ok', skipped: '-' };

/** A check as text: a table of all cases, then the remarks. */
export function renderCheckText(report: CheckReport): string {
  const head = ['', 'Task', 'System', 'Measure', report.against, 'now', 'difference', 'p', ''];
  const rows = report.cases.map((one) => [
    marks[one.verdict],
    printable(one.task),
    shortened(printable(one.system), 60),
    one.measure,
    ...numbersOf(one),
    one.outcome,
  ]);
  const remarks = remarksOf(report).map(({ verdict, text }) => `${marks[verdict]} ${text}`);
  return [
    printable(report.title),
    printable(report.rule),
    '',
    alignedTable(head, rows, [0, 1, 2, 3, 8]),
    ...remarks.map(printable),
    ...(remarks.length === 0 ? [] : ['']),
    summaryOf(report),
  ]
    .join('\n')
    .concat('\n');
}

/** Expected and found value, difference and p, formatted for all tables; an en dash for a missing one. */
export function numbersOf({ expected, found, p }: CheckCase): [string, string, string, string] {
  const none = '–';
  return [
    expected === null ? none : formatScore(expected),
    found === null ? none : formatScore(found),
    expected === null || found === null ? none : formatDifference(found - expected),
    p === null ? none : formatProbability(p),
  ];
}

/** Maximum number of names in a remark on several results. */
const maxNames = 3;

/** A sentence below the table. */
export interface Remark {
  readonly verdict: Verdict;
  readonly outcome: string;
  readonly text: string;
}

/**
 * The remarks on cases that failed, are worth a look, improved, or were compared with nothing:
 * `beir/nfcorpus: BM25 elasticsearch: nDCG@10 fell from …`. Cases with the same sentence share one remark.
 */
export function remarksOf({ cases }: CheckReport): Remark[] {
  const groups = new Map<string, CheckCase[]>();
  for (const one of cases) {
    if (one.verdict === 'passed' && one.outcome !== 'improved') continue;
    const key = JSON.stringify([one.verdict, one.outcome, one.message]);
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  return Array.from(groups.values(), (group) => {
    const { verdict, outcome, message } = group[0]!;
    const names = group.slice(0, maxNames).map(({ task, system }) => `${task}: ${system}`);
    const rest = group.length > maxNames ? ', …' : '';
    const who = group.length === 1 ? names[0]! : `${group.length} results (${names.join(', ')}${rest})`;
    return { verdict, outcome, text: `${who}: ${message}` };
  });
}
