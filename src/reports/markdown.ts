import { formatDifference, formatParameters, formatScore } from './format.js';
import { suiteGrid, type GridCell, type Heading } from './grid.js';
import type { Report } from './model.js';

/**
 * The report as GitHub-flavoured Markdown.
 * @param charts title and file name of each chart written beside it
 */
export function renderMarkdown(
  report: Report,
  charts: readonly { readonly title: string; readonly file: string }[],
): string {
  return [
    `# ${escapeMarkdown(report.title)}`,
    ...report.suites.flatMap((suite) => {
      const grid = suiteGrid(suite, report.systems);
      const head = [grid.corner, ...grid.columns.map(headingText)];
      const lines = grid.lines.map(({ heading, cells }) => [headingText(heading), ...cells.map(cellText)]);
      const title = report.suites.length === 1 ? 'Results' : `Results: ${escapeMarkdown(suite.name)}`;
      return [`## ${title}`, table(head, lines)];
    }),
    'Best **bold**, second <ins>underlined</ins>.',
    ...publishedSection(report),
    ...charts.flatMap(({ title, file }) => [`## ${escapeMarkdown(title)}`, `![${escapeMarkdown(title)}](${encodeURI(file)})`]),
    ...sizeSection(report),
    ...(report.notes.length === 0 ? [] : ['## Notes', report.notes.map((note) => `- ${escapeMarkdown(note)}`).join('\n')]),
  ]
    .join('\n\n')
    .concat('\n');
}

function publishedSection({ suites, systems }: Report): string[] {
  const rows = suites.flatMap((suite) => suite.rows.flatMap((row) => [row, ...row.parts]));
  const lines = rows.flatMap((row) => row.published.map(({ row: published, score }) => {
    const measured = row.cells.flatMap((cell, i) =>
      (cell?.published ?? [])
        .filter((comparison) => comparison.row === published)
        .map(({ difference }) => `${systems[i]!.label}: ${formatScore(cell!.value)} (${formatDifference(difference)})`),
    );
    return [row.label, published.system, formatScore(score), measured.join('; ') || '–', published.source];
  }));
  if (lines.length === 0) return [];
  const head = ['Task', 'Published system', 'nDCG@10', 'Measured here (difference)', 'Source'];
  return ['## Published scores', table(head, lines.map((line) => line.map(escapeMarkdown)))];
}

function sizeSection({ figures }: Report): string[] {
  const figure = figures.sizes[0];
  if (figure === undefined) return [];
  const lines = figure.lines.flatMap(({ family, points }) =>
    points.map(({ parameters, value, label }) => [escapeMarkdown(family), formatParameters(parameters), formatScore(value), escapeMarkdown(label)]),
  );
  return [table(['Family', 'Parameters', figure.measure, 'System'], lines)];
}

function headingText({ label, kind, detail }: Heading): string {
  const name = kind === 'part' ? `↳ ${escapeMarkdown(label)}` : escapeMarkdown(label);
  return detail === '' ? name : `${name} (${escapeMarkdown(detail)})`;
}

function cellText({ text, mark }: GridCell): string {
  if (mark === 'best') return `**${text}**`;
  return mark === 'second' ? `<ins>${text}</ins>` : text;
}

function table(head: readonly string[], lines: readonly (readonly string[])[]): string {
  const rule = head.map((_, i) => (i === 0 ? ':--' : '--:'));
  return [head, rule, ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** Text that Markdown shows as it is: nothing in it starts a table cell, a link, a tag or an emphasis. */
export function escapeMarkdown(text: string): string {
  return text
    .replace(/\s+/g, ' ')
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/[\\`*_[\]|~#!$]/g, '\\$&')
    .replace(/\b(https?):\/\//g, '$1\\://');
}
