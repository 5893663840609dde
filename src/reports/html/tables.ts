import { formatDifference } from '../../results/score-format.js';
import { verdictOf } from '../model/published.js';
import { formatValue } from '../model/format.js';
import { suiteGrid, type GridCell, type GridLine, type Heading } from '../layout/grid.js';
import type { Column, Report, ReportSuite, ReportTable, TableValue } from '../model/model.js';
import { html, Markup, type Inserted } from './markup.js';

/** The table of a suite's scores. Rows with parts have a button that shows them. */
export function resultsTable(suite: ReportSuite, { systems, results }: Report): Markup {
  const grid = suiteGrid(suite, systems);
  const lines = new Map(results.map(({ folder }, i) => [folder, i]));
  return scrolling(
    `Scores: ${suite.name}`,
    html`<table class="scores" style="--columns: ${grid.columns.length}">
      <caption>
        ${suite.name}
      </caption>
      <thead>
        <tr>
          <th scope="col">${grid.corner}</th>
          ${grid.columns.map((column) => html`<th scope="col">${headingText(column)}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${grid.lines.map((line) => gridLine(line, suite, lines))}
      </tbody>
    </table>`,
  );
}

/** @param lines by folder of a record: its line in the provenance table */
function gridLine({ heading, cells }: GridLine, { rows }: ReportSuite, lines: ReadonlyMap<string, number>): Markup {
  const parts = rows.find(({ id }) => id === heading.id)?.parts ?? [];
  const parent = heading.kind === 'part' ? heading.id!.split('.')[0]! : undefined;
  const attributes = new Markup(
    heading.kind === 'part'
      ? ` class="part" data-parent="${parent!}" hidden`
      : heading.kind === 'average'
        ? ' class="average"'
        : '',
  );
  const toggle =
    parts.length === 0
      ? null
      : html`<button type="button" class="unfold" aria-expanded="false" data-unfolds="${heading.id}">
          ${parts.length} parts
        </button>`;
  return html`<tr${attributes}><th scope="row">${headingText(heading)}${toggle}</th>${cells.map((cell) => scoreCell(cell, lines))}</tr>`;
}

function headingText({ label, detail }: Heading): Inserted {
  return [html`<span class="label">${breakable(label)}</span>`, detail === '' ? null : html`<small>${detail}</small>`];
}

/** Allows line breaks after slashes. */
function breakable(label: string): Inserted {
  return label.split('/').map((part, i) => (i === 0 ? part : [new Markup('/<wbr>'), part]));
}

function scoreCell({ text: number, mark, cell }: GridCell, lines: ReadonlyMap<string, number>): Markup {
  const line = cell?.result == null ? undefined : lines.get(cell.result.folder);
  const text =
    line === undefined ? number : html`<a class="score" href="#provenance" data-line="${line}">${number}</a>`;
  const score =
    mark === 'best'
      ? html`<b class="best">${text}</b>`
      : mark === 'second'
        ? html`<span class="second">${text}</span>`
        : text;
  const differences = (cell?.published ?? []).map(
    ({ difference, verdict, row }) =>
      html`<small class="difference ${verdict}" title="${`published ${row.system}: ${row.source}`}"
        >${formatDifference(difference)}</small
      >`,
  );
  return html`<td>${score}${differences}</td>`;
}

/** A table of plain values. The page makes it sortable and filterable if it has a name. */
export function dataTable(table: ReportTable, name: string | null, label: string): Markup {
  const heat = heatOf(table);
  const head = table.columns.map(
    ({ label: text, format }) => html`<th scope="col" ${flag(format !== 'text', ' class="number"')}>${text}</th>`,
  );
  const lines = table.lines.map(
    (line) =>
      html`<tr>
        ${line.map((value, i) => dataCell(value, table.columns[i]!, heat))}
      </tr>`,
  );
  const id = name === null ? null : new Markup(` id="table-${name}" data-sortable`);
  return scrolling(
    label,
    html`<table class="data" ${id}>
      <thead>
        <tr>
          ${head}
        </tr>
      </thead>
      <tbody>
        ${lines}
      </tbody>
    </table>`,
  );
}

function dataCell(value: TableValue, column: Column, heat: (value: number) => number): Markup {
  const text = formatValue(value, column.format);
  if (column.format === 'text') return html`<td>${text}</td>`;
  if (typeof value !== 'number') return html`<td class="number">${text}</td>`;
  if (column.format === 'verdict') return html`<td class="number ${verdictOf(value)}">${text}</td>`;
  const shade = column.heat === true ? new Markup(` style="--heat: ${heat(value).toFixed(0)}%"`) : null;
  return html`<td class="number${flag(column.heat === true, ' heat')}" ${shade}>${text}</td>`;
}

/** Returns the position of a value, in per cent, between the lowest and the highest of the columns with heat. */
function heatOf({ columns, lines }: ReportTable): (value: number) => number {
  const values = lines.flatMap((line) =>
    line.filter((value, i) => columns[i]!.heat === true && typeof value === 'number'),
  );
  const [low, high] = [Math.min(...(values as number[])), Math.max(...(values as number[]))];
  return (value) => (high > low ? ((value - low) / (high - low)) * 100 : 0);
}

function flag(on: boolean, markup: string): Markup | null {
  return on ? new Markup(markup) : null;
}

/** Makes wide content scroll in a region of its own, also by keyboard. */
export function scrolling(label: string, content: Markup): Markup {
  return html`<div class="scroll" role="region" tabindex="0" aria-label="${label}">${content}</div>`;
}
