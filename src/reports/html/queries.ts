import type { NumberedResult, Report, ReportSystem, Row } from '../model/model.js';
import { rowQueries } from '../model/queries.js';
import { pack } from './assets.js';
import { html, Markup } from './markup.js';
import type { PageSection } from './sections.js';
import { isBound } from '../model/order.js';

/** Maximum size of all rankings in the page, in bytes; further ones are left out. */
const RANKINGS_LIMIT = 16_000_000;

/** Packed per-query scores and rankings; the page unpacks them on demand. */
export interface QueryBlocks {
  /** Scores by row id. */
  readonly scores: ReadonlyMap<string, string>;
  /** Rankings by row id and system id, joined by a space. */
  readonly rankings: ReadonlyMap<string, string>;
  readonly leftOut: number;
}

/** Reads the per-query files row by row, so that only one row is in memory. */
export async function queryBlocks(rows: readonly Row[], results: readonly NumberedResult[]): Promise<QueryBlocks> {
  const scores = new Map<string, string>();
  const rankings = new Map<string, string>();
  let [size, leftOut] = [0, 0];
  for (const row of rows) {
    const ofRow = results.filter((result) => result.row === row.id);
    const withTops = size < RANKINGS_LIMIT;
    const read = await rowQueries(row, ofRow, withTops);
    if (read === null) continue;
    if (!withTops) leftOut += Object.keys(read.queries.scores).length;
    const { ids, texts, scores: values, measure } = read.queries;
    scores.set(row.id, await pack(JSON.stringify({ ids, texts, scores: values, measure })));
    for (const { system, documents, tops } of read.tops) {
      if (size >= RANKINGS_LIMIT) {
        leftOut++;
        continue;
      }
      const block = await pack(JSON.stringify({ documents, tops }));
      if (size + block.length > RANKINGS_LIMIT) leftOut++;
      else rankings.set(`${row.id} ${system}`, block);
      size += block.length;
    }
  }
  return { scores, rankings, leftOut };
}

/** The section that compares two systems query by query; null if no result has per-query scores. */
export function queriesSection({ suites, systems, results }: Report, blocks: QueryBlocks): PageSection | null {
  if (blocks.scores.size === 0) return null;
  const rows = suites.flatMap((suite) => suite.rows.flatMap((row) => [row, ...row.parts]));
  const shown = rows.filter(({ id }) => blocks.scores.has(id));
  const option = (id: string, label: string): Markup => html`<option value="${id}">${label}</option>`;
  const choice = (id: string, label: string, options: readonly Markup[]): Markup =>
    html`<p>
      <label for="${id}">${label}</label>
      <select id="${id}" autocomplete="off">
        ${options}
      </select>
    </p>`;
  const columns = systems.map((system) => option(system.id, system.label));
  const leftOut =
    blocks.leftOut === 0
      ? null
      : html`<p class="hint">
          The rankings of ${blocks.leftOut} of ${results.length} results are left out, because the page would be too
          large; make a report of fewer tasks or systems to see them.
        </p>`;
  return {
    id: 'queries',
    title: 'Queries',
    body: html`<p class="hint">
        Two systems query by query. Sort by a heading; the button shows the top ten documents of both.
      </p>
      ${leftOut}
      <div class="choices">
        ${[
          choice(
            'query-task',
            'Task',
            shown.map(({ id, label }) => option(id, label)),
          ),
          choice('query-a', 'System A', columns),
          choice('query-b', 'System B', columns),
        ]}
        <p><label for="query-filter">Filter</label> <input type="search" id="query-filter" autocomplete="off" /></p>
        <p>
          <label><input type="checkbox" id="query-differ" autocomplete="off" /> Only where they differ</label>
        </p>
      </div>
      <div id="query-table"><p>This table needs scripts, which do not run here.</p></div>
      <div id="query-detail" tabindex="-1"></div>`,
  };
}

/** The blocks as script elements of a type that browsers do not run. */
export function blockElements({ scores, rankings }: QueryBlocks): Markup[] {
  return [...scores, ...rankings].map(
    ([key, block]) =>
      html`<script type="text/plain" data-block="${key}">
        ${new Markup(block)}
      </script> `,
  );
}

/** The two systems to compare at first: the first column, and the last one that is no oracle. */
export function firstPair(systems: readonly ReportSystem[]): [string, string] {
  const others = systems.filter(({ runner }) => !isBound(runner));
  return [systems[0]!.id, (others.at(-1) ?? systems.at(-1)!).id];
}
