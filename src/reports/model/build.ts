import { InputError } from '../../core/errors.js';
import type { StoredResult } from '../../results/store.js';
import type { NumberedResult, Part, Report, ReportOptions, ReportSystem, Row, ReportSuite } from './model.js';
import { depthPart } from './sections/depth.js';
import { publishedPart } from './sections/published.js';
import { costPart, namedResults, provenancePart } from './sections/records.js';
import { significancePart } from './sections/significance.js';
import { layersPart, promptsPart } from './sections/settings.js';
import { sizesPart } from './sections/sizes.js';
import { isInAverage } from './order.js';
import { selectResults } from './select.js';
import { columnsOf, mixedSettings } from './systems.js';
import { suitesOf } from './rows.js';

/**
 * Makes a report of result records. The same records give the same report in whatever order they come.
 * @throws InputError when there is nothing to show, a filter matches nothing, or two records claim one cell
 */
export async function buildReport(results: readonly StoredResult[], options: ReportOptions = {}): Promise<Report> {
  if (results.length === 0) throw new InputError('there are no results to report; make some with "sgpt-bench run"');
  const selected = selectResults(results, options);
  if (selected.length === 0) throw new InputError('no result has both a task of --tasks and a system of --systems');
  const systems = columnsOf(selected);
  const suites = suitesOf(selected, systems);
  const numbered = numberResults(suites, systems);
  const named = namedResults(suites, systems, numbered);
  const parts: (Part | null)[] = [
    sizesPart(suites, systems),
    publishedPart(suites, systems),
    layersPart(suites, numbered),
    promptsPart(suites, numbered),
    await depthPart(named),
    await significancePart(options.reference, systems, named),
    costPart(named),
    provenancePart(named),
  ];
  return {
    title: options.title ?? 'Retrieval results',
    systems,
    suites,
    parts: parts.filter((part) => part !== null),
    results: numbered,
    notes: [...suites.flatMap(suiteNotes), ...mixedSettings(selected)],
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

function suiteNotes(suite: ReportSuite): string[] {
  const rows = suite.rows.flatMap((row) => [row, ...row.parts]);
  return [...separateRows(rows), ...sampledRows(rows), ...averageNote(suite)];
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
        `${task} was run on its first ${String(queryLimit)} queries only: this is no score of the task.`,
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
