import { summaryOf, type CheckReport, type Verdict } from '../../results/check/check-report.js';
import { escapeMarkdown } from '../formats/markdown.js';
import { numbersOf, remarksOf } from './text.js';

const marks: Readonly<Record<Verdict, string>> = { failed: '❌', warned: '⚠️', passed: '✅', skipped: '➖' };

/** Checks as GitHub-flavoured Markdown, for a job's summary. */
export function renderCheckMarkdown(reports: readonly CheckReport[]): string {
  return reports
    .flatMap((report) => {
      const head = ['', 'Task', 'System', 'Measure', report.against, 'now', 'difference', 'p', 'outcome'];
      const align = [':-:', ':--', ':--', ':--', '--:', '--:', '--:', '--:', ':--'];
      const rows = report.cases.map((one) => [
        marks[one.verdict],
        escapeMarkdown(one.task),
        escapeMarkdown(one.system),
        escapeMarkdown(one.measure),
        ...numbersOf(one),
        escapeMarkdown(one.outcome),
      ]);
      const remarks = remarksOf(report).map(({ verdict, text }) => `- ${marks[verdict]} ${escapeMarkdown(text)}`);
      return [
        `## ${escapeMarkdown(report.title)}`,
        `**${summaryOf(report)}.** ${escapeMarkdown(report.rule)}`,
        [head, align, ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n'),
        ...(remarks.length === 0 ? [] : [remarks.join('\n')]),
      ];
    })
    .join('\n\n')
    .concat('\n');
}
