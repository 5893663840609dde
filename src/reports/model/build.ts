import { InputError } from '../../core/errors.js';
import type { StoredResult } from '../../results/store.js';
import type { NumberedResult, ReportSection, Report, ReportOptions, ReportSystem, Row, ReportSuite } from './model.js';
import { healthOfRows } from './health.js';
import { depthSection } from './sections/depth.js';
import { publishedSection } from './sections/published.js';
import { costSection, shownResults, provenanceSection } from './sections/records.js';
import { significanceSection } from './sections/significance.js';
import { layersSection, promptsSection } from './sections/settings.js';
import { sizesSection } from './sections/sizes.js';
import { vectorsSection } from './sections/vectors.js';
import { isInAverage } from './order.js';
import { selectResults } from './select.js';
import { columnsOf, mixedSettings } from './systems.js';
import { suitesOf } from './rows.js';

/**
 * Builds a report from result records. It does not depend on their order.
 * @throws InputError if there is nothing to show, a filter matches nothing, or two records claim one cell
 */
export async function buildReport(results: readonly StoredResult[], options: ReportOptions = {}): Promise<Report> {
  if (results.length === 0) throw new InputError('there are no results to report; make some with "sgpt-bench run"');
  const selected = await selectResults(results, options);
  if (selected.length === 0) throw new InputError('no result has both a task of --tasks and a system of --systems');
  const systems = columnsOf(selected);
  const suites = suitesOf(selected, systems);
  const numbered = numberResults(suites, systems);
  const shown = shownResults(suites, systems, numbered);
  const sections: (ReportSection | null)[] = [
    sizesSection(suites, systems),
    publishedSection(suites, systems),
    layersSection(suites, numbered),
    promptsSection(suites, numbered),
    vectorsSection(shown),
    await depthSection(shown),
    await significanceSection(options.reference, systems, shown),
    costSection(shown),
    provenanceSection(shown),
  ];
  return {
    title: options.title ?? 'Retrieval results',
    systems,
    suites,
    sections: sections.filter((section) => section !== null),
    results: numbered,
    notes: [...suites.flatMap((suite) => suiteNotes(suite, systems)), ...mixedSettings(selected)],
  };
}

function numberResults(suites: readonly ReportSuite[], systems: readonly ReportSystem[]): NumberedResult[] {
  const rows = suites.flatMap((suite) => suite.rows.flatMap((row) => (row.parts.length > 0 ? row.parts : [row])));
  const results = rows.flatMap((row) =>
    row.cells.flatMap((cell, i) =>
      cell?.result == null ? [] : [{ ...cell.result, row: row.id, system: systems[i]!.id }],
    ),
  );
  return results.map((result, i) => ({ id: `r${i + 1}`, ...result }));
}

function suiteNotes(suite: ReportSuite, systems: readonly ReportSystem[]): string[] {
  const rows = suite.rows.flatMap((row) => [row, ...row.parts]);
  return [...separateRows(rows), ...sampledRows(rows), ...averageNote(suite), ...healthOfRows(rows, systems)];
}

function separateRows(rows: readonly Row[]): string[] {
  const tasks = [...new Set(rows.map(({ task }) => task))];
  return tasks.flatMap((task) => {
    const same = rows.filter((row) => row.task === task);
    if (same.length < 2) return [];
    const fields = (['split', 'checksum', 'profile', 'queryLimit', 'measure'] as const).filter(
      (field) => new Set(same.map((row) => row[field])).size > 1,
    );
    const names = {
      split: 'split',
      checksum: 'data',
      profile: 'profile',
      queryLimit: 'number of queries',
      measure: 'measure',
    };
    const what = fields.map((field) => names[field]).join(', ');
    return [
      `${task} has ${same.length} rows, because its records differ in ${what}: scores in different rows are not comparable.`,
    ];
  });
}

function sampledRows(rows: readonly Row[]): string[] {
  return rows
    .filter(({ queryLimit }) => queryLimit !== null)
    .map(
      ({ task, queryLimit }) =>
        `${task} was run only on its first ${String(queryLimit)} queries: this is not a score of the task.`,
    );
}

function averageNote({ name, rows, averages }: ReportSuite): string[] {
  const tasks = new Set(rows.map(({ task }) => task)).size;
  if (averages.length === 0) {
    return tasks < 2 ? [] : [`${name} has no average: fewer than two tasks have comparable scores of every system.`];
  }
  const partial = averages
    .filter((average) => average.tasks.length < tasks)
    .map(
      (average) =>
        `An average of ${name} is over ${average.tasks.length} of ${tasks} tasks: ${average.tasks.join(', ')}.`,
    );
  const inDomain = rows.some(({ task }) => !isInAverage(task));
  const left = 'MS MARCO is left out of averages, as in the SGPT paper: models are trained on it.';
  return inDomain ? [...partial, left] : partial;
}
