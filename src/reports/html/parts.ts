import { chartOf, type Chart } from '../charts/index.js';
import { renderSvg } from '../charts/svg.js';
import { cssTheme } from '../charts/themes.js';
import type { Panel, Part } from '../model/model.js';
import { html, Markup, type Inserted } from './markup.js';
import { dataTable } from './tables.js';

/** A section of the page with a heading, reached from the navigation. */
export interface Section {
  readonly id: string;
  readonly title: string;
  readonly body: Inserted;
}

/** A part with a choice of panels: the chart drawn once, and the tables, all but the first hidden. */
export function partSection({ id, title, text, panels }: Part): Section {
  const first = panels[0]!;
  const figure = first.figure === null ? null : chartPlace(id, chartOf(first.figure));
  const tables = panels.map(
    (panel, i) =>
      html`<div class="panel" data-of="${id}" data-index="${i}" ${new Markup(i === 0 ? '' : ' hidden')}>
        ${panelTable(panel, longTables.has(id))}
      </div>`,
  );
  return { id, title, body: [html`<p class="hint">${text}</p>`, choiceOf(id, panels), figure, tables] };
}

/** Parts of one long table, which the page makes sortable and filterable. */
const longTables: ReadonlySet<Part['id']> = new Set(['published', 'cost', 'provenance'] as const);

/** The table of a panel: below a chart it is folded, alone it is open. */
function panelTable({ id, label, figure, table }: Panel, long: boolean): Markup {
  if (figure === null) return dataTable(table, long ? id : null, label);
  return html`<details>
    <summary>Numbers of the chart</summary>
    ${dataTable(table, null, label)}
  </details>`;
}

function choiceOf(id: string, panels: readonly Panel[]): Markup | null {
  if (panels.length < 2) return null;
  const options = panels.map(({ label }, i) => html`<option value="${i}">${label}</option>`);
  return html`<p class="choice">
    <label for="choose-${id}">Shown</label>
    <select id="choose-${id}" data-part="${id}" autocomplete="off">
      ${options}
    </select>
  </p>`;
}

/** The place of a chart. What is drawn here is replaced by a live chart, and stays where scripts do not run. */
function chartPlace(id: string, chart: Chart): Markup {
  const drawing = new Markup(renderSvg(chart, cssTheme));
  return html`<figure class="chart">
    <div class="drawing" data-part="${id}">${drawing}</div>
    <figcaption id="caption-${id}">${chart.title}</figcaption>
    <p class="pointed" role="status" id="pointed-${id}"></p>
  </figure>`;
}

/** The charts of all parts, drawn for a wide and for a narrow page, by part. */
export function chartsOf(parts: readonly Part[]): Record<string, { wide: Chart; narrow: Chart }[]> {
  return Object.fromEntries(
    parts.map(({ id, panels }) => [
      id,
      panels.flatMap(({ figure }) =>
        figure === null ? [] : [{ wide: chartOf(figure, 'wide'), narrow: chartOf(figure, 'narrow') }],
      ),
    ]),
  );
}
