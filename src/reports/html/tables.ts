import { formatDifference, formatParameters, formatScore } from '../format.js';
import { suiteGrid, type GridCell, type GridLine, type Heading } from '../grid.js';
import type { Report, ReportSystem, Row, SizeFigure, Suite } from '../model.js';
import { html, Markup, type Inserted } from './markup.js';

/** A suite's scores. Rows that unfold have a button; their parts are hidden until it is pressed. */
export function resultsTable(suite: Suite, systems: readonly ReportSystem[]): Markup {
  const grid = suiteGrid(suite, systems);
  return scrolling(
    `Scores: ${suite.name}`,
    html`<table class="scores"><caption>${suite.name}</caption><thead><tr><th scope="col">${grid.corner}</th>${grid.columns.map((column) => html`<th scope="col">${headingText(column)}</th>`)}</tr></thead><tbody>${grid.lines.map((line) => gridLine(line, suite))}</tbody></table>`,
  );
}

function gridLine({ heading, cells }: GridLine, { rows }: Suite): Markup {
  const parts = rows.find(({ id }) => id === heading.id)?.parts ?? [];
  const parent = heading.kind === 'part' ? heading.id!.split('.')[0]! : undefined;
  const attributes = new Markup(
    heading.kind === 'part' ? ` class="part" data-parent="${parent!}" hidden` : heading.kind === 'average' ? ' class="average"' : '',
  );
  const toggle = parts.length === 0 ? null : html`<button type="button" class="unfold" aria-expanded="false" data-unfolds="${heading.id}">${parts.length} parts</button>`;
  return html`<tr${attributes}><th scope="row">${headingText(heading)}${toggle}</th>${cells.map(scoreCell)}</tr>`;
}

function headingText({ label, detail }: Heading): Inserted {
  return [html`<span class="label">${label}</span>`, detail === '' ? null : html`<small>${detail}</small>`];
}

function scoreCell({ text, mark, cell }: GridCell): Markup {
  const score = mark === 'best' ? html`<b class="best">${text}</b>` : mark === 'second' ? html`<span class="second">${text}</span>` : text;
  const differences = (cell?.published ?? []).map(
    ({ difference, verdict, row }) =>
      html`<small class="difference ${verdict}" title="${`published ${row.system}: ${row.source}`}">${formatDifference(difference)}</small>`,
  );
  return html`<td>${score}${differences}</td>`;
}

/** Every published score of the tasks, beside what was measured for the same system. */
export function publishedTable({ suites, systems }: Report): Markup {
  const rows = suites.flatMap((suite) => suite.rows.flatMap((row) => [row, ...row.parts]));
  const head = ['Task', 'Published system', 'nDCG@10', 'Measured here', 'Difference', 'Source'];
  const lines = rows.flatMap((row) => publishedLines(row, systems));
  return scrolling('Published scores', dataTable('published', head, lines));
}

function publishedLines(row: Row, systems: readonly ReportSystem[]): Inserted[][] {
  return row.published.flatMap(({ row: published, score }) => {
    const known: Inserted[] = [row.label, published.system, formatScore(score)];
    const measured = row.cells.flatMap((cell, i) =>
      (cell?.published ?? [])
        .filter((comparison) => comparison.row === published)
        .map(({ difference, verdict }): Inserted[] => [
          ...known,
          `${systems[i]!.label}: ${formatScore(cell!.value)}`,
          html`<span class="difference ${verdict}">${formatDifference(difference)}</span>`,
          published.source,
        ]),
    );
    return measured.length > 0 ? measured : [[...known, '–', '–', published.source]];
  });
}

/** The numbers under a chart of sizes. */
export function sizeTable({ lines, levels, published, measure }: SizeFigure): Markup {
  const head = ['Family', 'System', 'Parameters', measure];
  const body: Inserted[][] = [
    ...lines.flatMap(({ family, points }) =>
      points.map(({ label, parameters, value }) => [family, label, formatParameters(parameters), formatScore(value)]),
    ),
    ...levels.map(({ label, value }) => ['–', label, '–', formatScore(value)]),
    ...published.map(({ label, parameters, value }) => ['Published', label, formatParameters(parameters), formatScore(value)]),
  ];
  return html`<details><summary>Numbers of the chart</summary>${scrolling('Numbers of the chart', dataTable('', head, body))}</details>`;
}

/** A plain table; one with a name becomes sortable in the page. */
export function dataTable(name: string, head: readonly string[], lines: readonly (readonly Inserted[])[]): Markup {
  return html`<table class="data"${new Markup(name === '' ? '' : ` id="table-${name}"`)}><thead><tr>${head.map((text) => html`<th scope="col">${text}</th>`)}</tr></thead><tbody>${lines.map((line) => html`<tr>${line.map((cell) => html`<td>${cell}</td>`)}</tr>`)}</tbody></table>`;
}

/** Wide tables scroll inside their own region, by keyboard too. */
export function scrolling(label: string, content: Markup): Markup {
  return html`<div class="scroll" role="region" tabindex="0" aria-label="${label}">${content}</div>`;
}
