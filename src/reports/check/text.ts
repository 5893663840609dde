import { summaryOf, type CheckCase, type CheckReport, type Verdict } from '../../results/check/check-report.js';
import { formatDifference, formatScore, formatProbability } from '../../results/score-format.js';
import { alignedTable, printable, shortened } from '../layout/columns.js';

/** What a table's first column says. */
export const marks: Readonly<Record<Verdict, string>> = { failed: 'FAIL', warned: 'warn', passed: 'ok', skipped: '-' };

/** A check for a terminal: a table of all cases, then a line for each that failed, is worth a look or was skipped. */
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

/** Expected, found, difference and p, as every table shows them; an en dash where there is none. */
export function numbersOf({ expected, found, p }: CheckCase): [string, string, string, string] {
  const none = '–';
  return [
    expected === null ? none : formatScore(expected),
    found === null ? none : formatScore(found),
    expected === null || found === null ? none : formatDifference(found - expected),
    p === null ? none : formatProbability(p),
  ];
}

/** Names in a remark that speaks of several results. */
const named = 3;

/** Something to be said beside the table. */
export interface Remark {
  readonly verdict: Verdict;
  readonly outcome: string;
  readonly text: string;
}

/**
 * A sentence for each case that failed, is worth a look, got better or was held against nothing:
 * `beir/nfcorpus: BM25 elasticsearch: nDCG@10 fell from …`. Cases of which the same is to be said share one.
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
    const names = group.slice(0, named).map(({ task, system }) => `${task}: ${system}`);
    const rest = group.length > named ? ', …' : '';
    const who = group.length === 1 ? names[0]! : `${group.length} results (${names.join(', ')}${rest})`;
    return { verdict, outcome, text: `${who}: ${message}` };
  });
}
