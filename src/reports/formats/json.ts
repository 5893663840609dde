import type { Cell, Report, Row } from '../model/model.js';

/** To be raised when a field changes its meaning or is removed. */
const REPORT_VERSION = 1;

/** The report as JSON; docs/reports.md describes the format. */
export function renderJson({ title, systems, suites, sections, results, notes }: Report): string {
  const ids = new Map(results.map(({ id, folder }) => [folder, id]));
  const report = {
    schema: 'sgpt-bench/report',
    version: REPORT_VERSION,
    title,
    systems,
    suites: suites.map(({ name, rows, averages }) => ({
      name,
      rows: rows.map((row) => rowJson(row, ids)),
      averages,
    })),
    parts: sections,
    notes,
    results,
  };
  return JSON.stringify(report, null, 2) + '\n';
}

function rowJson(row: Row, ids: ReadonlyMap<string, string>): object {
  return {
    ...row,
    cells: row.cells.map((cell) => cellJson(cell, ids)),
    parts: row.parts.map((part) => rowJson(part, ids)),
    published: row.published.map(({ row: { system, profile, source }, score }) => ({ system, profile, source, score })),
  };
}

/** Records are listed once, under `results`; a cell refers to its record by id. */
function cellJson(cell: Cell | null, ids: ReadonlyMap<string, string>): object | null {
  if (cell === null) return null;
  const { value, best, second, result, published } = cell;
  return {
    value,
    best,
    second,
    result: result === null ? null : (ids.get(result.folder) ?? null),
    published: published.map(({ row, score, difference, verdict }) => ({
      system: row.system,
      score,
      difference,
      verdict,
    })),
  };
}
