import { formatParameters } from './format.js';
import { suiteGrid, transposed, type Grid } from './grid.js';
import type { Report, Suite } from './model.js';

/** The widest a name gets in a terminal before its middle is left out. */
const MAX_LABEL = 44;

/** The scores as plain text for a terminal: systems down by family and size, tasks across, `*` at the best. */
export function renderTextTable(report: Report): string {
  const parts = report.suites.map((suite) => {
    const grid = suiteGrid(withoutParts(suite), report.systems);
    return gridText(grid.corner === 'System' ? grid : transposed(grid), report);
  });
  const notes = report.notes.map((note) => `note: ${printable(note)}\n`);
  return [...parts, notes.join('')].filter((part) => part !== '').join('\n');
}

/** A terminal is too narrow for CQADupStack's forums; their mean stays. */
function withoutParts(suite: Suite): Suite {
  return { ...suite, rows: suite.rows.map((row) => ({ ...row, parts: [] })) };
}

function gridText(grid: Grid, { systems }: Report): string {
  const head = ['System', 'Size', ...grid.columns.map(({ label, detail }) => `${label} ${detail}`)];
  const lines = grid.lines.map(({ heading, cells }) => {
    const parameters = systems.find(({ id }) => id === heading.id)?.parameters ?? null;
    return [
      shorten(printable(heading.label)),
      parameters === null ? '' : formatParameters(parameters),
      ...cells.map(({ text, mark }) => text + (mark === 'best' ? '*' : ' ')),
    ];
  });
  const table = [head.map((label) => shorten(printable(label))), ...lines];
  const widths = head.map((_, column) => Math.max(...table.map((line) => line[column]!.length)));
  const rows = table.map((line) =>
    line
      .map((text, i) => (i === 0 ? text.padEnd(widths[i]!) : text.padStart(widths[i]!)))
      .join('  ')
      .trimEnd(),
  );
  rows.splice(1, 0, '-'.repeat(widths.reduce((sum, width) => sum + width + 2, -2)));
  return rows.join('\n') + '\n';
}

function shorten(text: string): string {
  if (text.length <= MAX_LABEL) return text;
  const half = Math.floor((MAX_LABEL - 1) / 2);
  return `${text.slice(0, half)}…${text.slice(-half)}`;
}

/** Control characters could move the cursor or change colours. */
function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}]/gu, '\ufffd');
}
