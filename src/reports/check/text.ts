import { summaryOf, type CheckCase, type CheckReport, type Verdict } from '../../results/check-report.js';
import { formatP } from '../../results/gate.js';
import { alignedTable, printable, shortened } from '../columns.js';
import { formatDifference, formatScore } from '../format.js';

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
    p === null ? none : formatP(p),
  ];
}

/** `beir/nfcorpus: BM25 elasticsearch: nDCG@10 fell from …` */
export function sentenceOf({ task, system, message }: CheckCase): string {
  return `${task}: ${system}: ${message}`;
}

/**
 * What is to be said beside the table: a sentence for each case that failed, is worth a look or got better; those that were
 * held against nothing are counted by reason.
 */
export function remarksOf({ cases }: CheckReport): { readonly verdict: Verdict; readonly text: string }[] {
  const reasons = new Map<string, number>();
  for (const { verdict, message } of cases)
    if (verdict === 'skipped') reasons.set(message, (reasons.get(message) ?? 0) + 1);
  return [
    ...cases.filter(isRemarkable).map((one) => ({ verdict: one.verdict, text: sentenceOf(one) })),
    ...Array.from(reasons, ([reason, count]) => ({
      verdict: 'skipped' as const,
      text: `${count} ${count === 1 ? 'result' : 'results'}: ${reason}`,
    })),
  ];
}

/** Whether a case needs words of its own: equal and tolerated ones do not. */
export function isRemarkable({ verdict, outcome }: CheckCase): boolean {
  return verdict === 'failed' || verdict === 'warned' || outcome === 'improved';
}
