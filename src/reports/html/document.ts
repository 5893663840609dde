import type { Report } from '../model/model.js';
import { darkTheme, lightTheme, tokenValues } from '../charts/themes.js';
import { loadAssets, pack } from './assets.js';
import { html, Markup } from './markup.js';
import { style } from './style.js';
import { blockElements, firstPair, queriesSection, queryBlocks } from './queries.js';
import { chartsOf, pageSectionOf, type PageSection } from './sections.js';
import { resultsTable } from './tables.js';

/** Nothing is fetched: scripts, styles and images are embedded. */
const contentSecurityPolicy =
  "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";

/** The report as one self-contained page. */
export async function renderHtml(report: Report): Promise<string> {
  const assets = await loadAssets();
  const blocks = await queryBlocks(
    report.suites.flatMap((suite) => suite.rows.flatMap((row) => [row, ...row.parts])),
    report.results,
  );
  const sections = sectionsOf(report, queriesSection(report, blocks));
  const data = {
    themes: { light: tokenValues(lightTheme), dark: tokenValues(darkTheme) },
    charts: chartsOf(report.sections),
    pair: firstPair(report.systems),
  };
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${contentSecurityPolicy}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${report.title}</title>
        <style>
          ${new Markup(assets.tableStyle)}
        </style>
        <style>
          ${new Markup(style)}
        </style>
      </head>
      <body>
        <a class="skip" href="#main">Skip to the report</a>
        <header>
          <h1>${report.title}</h1>
          <p class="lead">${leadOf(report)}</p>
        </header>
        <nav aria-label="Sections">
          <ul>
            ${sections.map(({ id, title }) => html`<li><a href="#${id}">${title}</a></li>`)}
          </ul>
        </nav>
        <main id="main">
          ${sections.map(
            ({ id, title, body }) =>
              html` <section aria-labelledby="${id}">
                <h2 id="${id}">${title}</h2>
                ${body}
              </section>`,
          )}
        </main>
        <footer>
          <p>Made by sgpt-bench. Built in: ${assets.libraries.map(({ licence }) => html`${licence} `)}</p>
        </footer>
        <script type="text/plain" id="data">
          ${await packed(data)}
        </script>
        ${assets.libraries.map(
          ({ name, packed: text }) =>
            html`<script type="text/plain" class="library" data-name="${name}">
              ${new Markup(text)}
            </script> `,
        )}${blockElements(blocks)}
        <script type="module">
          ${new Markup(assets.script)};
        </script>
      </body>
    </html> `;
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

function sectionsOf(report: Report, queries: PageSection | null): PageSection[] {
  const { suites, sections, notes } = report;
  const results: PageSection = {
    id: 'results',
    title: 'Results',
    body: [
      html`<p>
        Best <b class="best">bold</b>, second <span class="second">underlined</span>; the oracle is not ranked. Select a
        score to see its record.
      </p>`,
      suites.map((suite) => resultsTable(suite, report)),
    ],
  };
  const atEnd: ReadonlySet<string> = new Set(['cost', 'provenance']);
  const [first, last] = [sections.filter(({ id }) => id === 'sizes'), sections.filter(({ id }) => atEnd.has(id))];
  const others = sections.filter((section) => !first.includes(section) && !last.includes(section));
  return [
    ...first.map(pageSectionOf),
    results,
    ...(notes.length === 0
      ? []
      : [
          {
            id: 'notes',
            title: 'Notes',
            body: html`<ul>
              ${notes.map((note) => html`<li>${note}</li>`)}
            </ul>`,
          },
        ]),
    ...others.map(pageSectionOf),
    ...(queries === null ? [] : [queries]),
    ...last.map(pageSectionOf),
  ];
}
