import { chartOf, type Chart } from '../charts/index.js';
import { renderSvg } from '../charts/svg.js';
import { cssTheme } from '../charts/themes.js';
import type { Panel, ReportSection } from '../model/model.js';
import { html, Markup, type Inserted } from './markup.js';
import { dataTable } from './tables.js';

/** A section of the page with a heading, linked from the navigation. */
export interface PageSection {
  readonly id: string;
  readonly title: string;
  readonly body: Inserted;
}

/** A report section with its panels: one chart, and all tables; only the first table is visible. */
export function pageSectionOf({ id, title, text, panels }: ReportSection): PageSection {
  const first = panels[0]!;
  const figure = first.figure === null ? null : chartContainer(id, chartOf(first.figure));
  const tables = panels.map(
    (panel, i) =>
      html`<div class="panel" data-of="${id}" data-index="${i}" ${new Markup(i === 0 ? '' : ' hidden')}>
        ${panelTable(panel, longTables.has(id))}
      </div>`,
  );
  return { id, title, body: [html`<p class="hint">${text}</p>`, choiceOf(id, panels), figure, tables] };
}

/** Sections with one long table, which the page makes sortable and filterable. */
const longTables: ReadonlySet<ReportSection['id']> = new Set(['published', 'cost', 'provenance'] as const);

/** The table of a panel; folded if there is a chart, else open. */
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

/** The container of a chart, with a static drawing for pages without scripts; scripts replace it. */
function chartContainer(id: string, chart: Chart): Markup {
  const drawing = new Markup(renderSvg(chart, cssTheme));
  return html`<figure class="chart">
    <div class="drawing" data-part="${id}">${drawing}</div>
    <figcaption id="caption-${id}">${chart.title}</figcaption>
    <p class="pointed" role="status" id="pointed-${id}"></p>
  </figure>`;
}

/** The charts of all sections in both widths, by section. */
export function chartsOf(sections: readonly ReportSection[]): Record<string, { wide: Chart; narrow: Chart }[]> {
  return Object.fromEntries(
    sections.map(({ id, panels }) => [
      id,
      panels.flatMap(({ figure }) =>
        figure === null ? [] : [{ wide: chartOf(figure, 'wide'), narrow: chartOf(figure, 'narrow') }],
      ),
    ]),
  );
}
