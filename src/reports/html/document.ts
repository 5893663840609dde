import { sizeChart, type Chart } from '../charts.js';
import type { Report } from '../model.js';
import { renderSvg } from '../svg.js';
import { cssTheme, darkTheme, lightTheme, tokenValues } from '../themes.js';
import { loadAssets, pack } from './assets.js';
import { html, Markup, type Inserted } from './markup.js';
import { style } from './style.js';
import { publishedTable, resultsTable, sizeTable } from './tables.js';

/** A part of the page with a heading, reached from the navigation. */
export interface Section {
  readonly id: string;
  readonly title: string;
  readonly body: Inserted;
}

/** Nothing is fetched: scripts and styles are in the file, images are drawn in it. */
const contentSecurityPolicy =
  "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";

/** The report as one self-contained page. */
export async function renderHtml(report: Report): Promise<string> {
  const assets = await loadAssets();
  const sections = sectionsOf(report);
  const data = {
    themes: { light: tokenValues(lightTheme), dark: tokenValues(darkTheme) },
    charts: chartsOf(report),
  };
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${contentSecurityPolicy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${report.title}</title>
<style>${new Markup(assets.tableStyle)}</style>
<style>${new Markup(style)}</style>
</head>
<body>
<a class="skip" href="#main">Skip to the report</a>
<header><h1>${report.title}</h1><p class="lead">${leadOf(report)}</p></header>
<nav aria-label="Sections"><ul>${sections.map(({ id, title }) => html`<li><a href="#${id}">${title}</a></li>`)}</ul></nav>
<main id="main">${sections.map(({ id, title, body }) => html`
<section aria-labelledby="${id}"><h2 id="${id}">${title}</h2>${body}</section>`)}
</main>
<footer><p>Made by sgpt-bench. Built in: ${assets.libraries.map(({ licence }) => html`${licence} `)}</p></footer>
<script type="text/plain" id="data">${await packed(data)}</script>
${assets.libraries.map(({ name, packed: text }) => html`<script type="text/plain" class="library" data-name="${name}">${new Markup(text)}</script>
`)}<script>${new Markup(assets.script)}</script>
</body>
</html>
`;
  return page.text;
}

async function packed(value: unknown): Promise<Markup> {
  return new Markup(await pack(JSON.stringify(value)));
}

function leadOf({ systems, suites }: Report): string {
  const tasks = new Set(suites.flatMap(({ rows }) => rows.map(({ task }) => task))).size;
  const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;
  return `${plural(systems.length, 'system')} on ${plural(tasks, 'task')}.`;
}

function sectionsOf(report: Report): Section[] {
  const { suites, systems, figures, notes } = report;
  const sections: (Section | null)[] = [
    figures.sizes.length === 0 ? null : { id: 'sizes', title: 'Across model sizes', body: sizesSection(report) },
    {
      id: 'results',
      title: 'Results',
      body: [
        html`<p>Best <b class="best">bold</b>, second <span class="second">underlined</span>.</p>`,
        suites.map((suite) => resultsTable(suite, systems)),
      ],
    },
    suites.some(({ rows }) => rows.some((row) => row.published.length > 0 || row.parts.some((part) => part.published.length > 0)))
      ? { id: 'published', title: 'Published scores', body: publishedTable(report) }
      : null,
    notes.length === 0 ? null : { id: 'notes', title: 'Notes', body: html`<ul>${notes.map((note) => html`<li>${note}</li>`)}</ul>` },
  ];
  return sections.filter((section) => section !== null);
}

/** All charts, drawn for a wide and for a narrow page, by the place that shows them. */
function chartsOf({ figures }: Report): Record<string, { wide: Chart; narrow: Chart }[]> {
  return { sizes: figures.sizes.map((figure) => ({ wide: sizeChart(figure), narrow: sizeChart(figure, 'narrow') })) };
}

function sizesSection({ figures }: Report): Inserted {
  const first = sizeChart(figures.sizes[0]!);
  return [
    chartPlace('sizes', first, figures.sizes.map(({ label }) => label)),
    figures.sizes.map((figure, i) => html`<div class="numbers" data-of="sizes" data-index="${i}"${new Markup(i === 0 ? '' : ' hidden')}>${sizeTable(figure)}</div>`),
  ];
}

/** The place of a chart, with a choice where there are several. The drawing inside is replaced by a live one. */
export function chartPlace(id: string, chart: Chart, labels: readonly string[]): Markup {
  const choice =
    labels.length < 2
      ? null
      : html`<p class="choice"><label for="choose-${id}">Shown</label> <select id="choose-${id}" data-chart="${id}">${labels.map((label, i) => html`<option value="${i}">${label}</option>`)}</select></p>`;
  return html`${choice}<figure class="chart"><div id="chart-${id}" class="drawing" data-chart="${id}">${new Markup(renderSvg(chart, cssTheme))}</div>
<figcaption id="caption-${id}">${chart.title}</figcaption><p class="pointed" role="status" id="pointed-${id}"></p></figure>`;
}
