import { formatValue } from '../model/format.js';
import { suiteGrid, type Grid, type GridCell, type Heading } from '../layout/grid.js';
import type { Panel, ReportSection, Report } from '../model/model.js';

/**
 * The report as GitHub-flavoured Markdown. In sections with several panels the first panel is open, the others are folded.
 * @param charts file names of the charts, by panel
 */
export function renderMarkdown(report: Report, charts: ReadonlyMap<string, string>): string {
  const { title, suites, systems, sections, notes } = report;
  return [
    `# ${escapeMarkdown(title)}`,
    ...suites.flatMap((suite) => [
      suites.length === 1 ? '## Results' : `## Results: ${escapeMarkdown(suite.name)}`,
      gridTable(suiteGrid(suite, systems)),
    ]),
    'Best **bold**, second <ins>underlined</ins>; the oracle is not ranked.',
    ...(notes.length === 0 ? [] : ['## Notes', notes.map((note) => `- ${escapeMarkdown(note)}`).join('\n')]),
    ...sections.flatMap((section) => sectionText(section, charts)),
  ]
    .join('\n\n')
    .concat('\n');
}

function gridTable(grid: Grid): string {
  const head = [grid.corner, ...grid.columns.map(headingText)];
  return table(
    head,
    grid.lines.map(({ heading, cells }) => [headingText(heading), ...cells.map(cellText)]),
    grid.columns.map(() => true),
  );
}

/** A section. Long tables, and panels after the first, are folded, as a pull request is read from the top. */
function sectionText({ id, title, text, panels }: ReportSection, charts: ReadonlyMap<string, string>): string[] {
  const [first, ...others] = panels.map((panel) => panelText(panel, charts));
  const head = [`## ${escapeMarkdown(title)}`, escapeMarkdown(text)];
  if (id === 'cost' || id === 'provenance') return [...head, folded('All results', first!)];
  return [...head, ...first!, ...others.map((lines, i) => folded(panels[i + 1]!.label, lines))];
}

function panelText({ id, label, table: values }: Panel, charts: ReadonlyMap<string, string>): string[] {
  const file = charts.get(id);
  const lines = values.lines.map((line) =>
    line.map((value, i) => escapeMarkdown(formatValue(value, values.columns[i]!.format))),
  );
  const head = values.columns.map((column) => escapeMarkdown(column.label));
  const numbers = values.columns.slice(1).map(({ format }) => format !== 'text');
  return [
    ...(file === undefined ? [] : [`![${escapeMarkdown(label)}](${encodeURI(file)})`]),
    table(head, lines, numbers),
  ];
}

function folded(summary: string, lines: readonly string[]): string {
  return [`<details><summary>${escapeMarkdown(summary)}</summary>`, ...lines, '</details>'].join('\n\n');
}

function headingText({ label, kind, detail }: Heading): string {
  const name = kind === 'part' ? `↳ ${escapeMarkdown(label)}` : escapeMarkdown(label);
  return detail === '' ? name : `${name} (${escapeMarkdown(detail)})`;
}

function cellText({ text, mark }: GridCell): string {
  if (mark === 'best') return `**${text}**`;
  return mark === 'second' ? `<ins>${text}</ins>` : text;
}

/** @param numbers for each column after the first, true if it holds numbers, which are right-aligned */
function table(head: readonly string[], lines: readonly (readonly string[])[], numbers: readonly boolean[]): string {
  const rule = [':--', ...numbers.map((right) => (right ? '--:' : ':--'))];
  return [head, rule, ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** Escapes text for Markdown, so that nothing in it starts a table cell, a link, a tag or an emphasis. */
export function escapeMarkdown(text: string): string {
  return text
    .replace(/\s+/g, ' ')
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/[\\`*_[\]|~#!$]/g, '\\$&')
    .replace(/\b(https?):\/\//g, '$1\\://');
}
