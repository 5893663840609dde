import { printable } from '../../core/printable.js';
import { alignedTable, shortened } from '../layout/columns.js';
import { formatParameters } from '../model/format.js';
import { suiteGrid, transposed, type Grid } from '../layout/grid.js';
import type { Report, ReportSuite } from '../model/model.js';

/** Maximum widths of a system's name, a task's name and a line; tasks that do not fit go into further blocks. */
const systemWidth = 48;
const taskWidth = 34;
const lineWidth = 120;

/** The scores as text: systems down by family and size, tasks across, `*` at the best. */
export function renderTextTable(report: Report): string {
  const blocks = report.suites.flatMap((suite) => {
    const grid = suiteGrid(withoutParts(suite), report.systems);
    const measures = [...new Set(suite.rows.map(({ measure }) => measure))].join(', ');
    const down = grid.corner === 'System' ? grid : transposed(grid);
    return [`${printable(suite.name)}: ${printable(measures)}\n${gridText(down, report)}`];
  });
  const notes = report.notes.map((note) => `note: ${printable(note)}\n`).join('');
  return [...blocks, notes].filter((part) => part !== '').join('\n');
}

/** The suite without CQADupStack's forums, for which a terminal is too narrow; their mean stays. */
function withoutParts(suite: ReportSuite): ReportSuite {
  return { ...suite, rows: suite.rows.map((row) => ({ ...row, parts: [] })) };
}

function gridText(grid: Grid, { systems }: Report): string {
  const sizes = new Map(systems.map(({ id, parameters }) => [id, parameters]));
  const names = grid.lines.map(({ heading }) => {
    const parameters = sizes.get(heading.id ?? '') ?? null;
    return [shortened(printable(heading.label), systemWidth), parameters === null ? '' : formatParameters(parameters)];
  });
  // The suite's name is above the table, so it is dropped from the headings.
  const folder = `${grid.suite.toLowerCase()}/`;
  const labels = grid.columns.map(({ label, kind, detail }) => {
    const text = kind === 'average' ? `${label} (${detail})` : label;
    return shortened(printable(text.startsWith(folder) ? text.slice(folder.length) : text), taskWidth);
  });
  const used = Math.max(...names.map(([name]) => name!.length)) + 10;
  return blocksOf(labels, lineWidth - used)
    .map(([from, to]) => {
      const rows = grid.lines.map(({ cells }, i) => [
        ...names[i]!,
        ...cells.slice(from, to).map(({ text, mark }) => text + (mark === 'best' ? '*' : ' ')),
      ]);
      return alignedTable(['System', 'Size', ...labels.slice(from, to)], rows, [0]);
    })
    .join('\n');
}

/** Ranges of columns that fit into a width; each has at least one column. */
function blocksOf(labels: readonly string[], width: number): [number, number][] {
  const blocks: [number, number][] = [];
  let [from, used] = [0, 0];
  labels.forEach((label, i) => {
    const needed = Math.max(label.length, 7) + 2;
    if (used + needed > width && i > from) {
      blocks.push([from, i]);
      [from, used] = [i, 0];
    }
    used += needed;
  });
  return [...blocks, [from, labels.length]];
}
