import { compareCodePoints } from '../../core/text.js';
import type { AverageRow, ReportSystem, Row } from './model.js';
import { isInAverage, mixesMeasures } from './order.js';
import { rankedCells } from './ranking.js';

/** Indices of the systems that have a score in the suite. */
export function columnsWithScores(rows: readonly Row[], systems: readonly ReportSystem[]): number[] {
  return [...systems.keys()].filter((column) => rows.some(({ cells }) => cells[column] != null));
}

/**
 * The averages of a suite: over the tasks that every system has and, if some systems have more, over all tasks. An average
 * needs at least two tasks.
 */
export function averagesOf(suite: string, rows: readonly Row[], systems: readonly ReportSystem[]): AverageRow[] {
  const comparable = comparableRows(rows);
  if (!mixesMeasures(suite) && new Set(comparable.map(({ measure }) => measure)).size > 1) return [];
  const columns = columnsWithScores(rows, systems);
  const common = comparable.filter(({ cells }) => columns.every((column) => cells[column] != null));
  const sets = common.length === comparable.length ? [common] : [common, comparable];
  const of = new Set(rows.map(({ task }) => task)).size;
  return sets
    .filter((set) => set.length > 1)
    .map((set) => averageRow(set, of, columns, systems))
    .filter(({ cells }) => cells.some((cell) => cell !== null));
}

/**
 * The rows that count in averages: on all queries of a task, the only row of their task, and not MS MARCO, which models are
 * trained on and the paper's average leaves out.
 */
export function comparableRows(rows: readonly Row[]): Row[] {
  return rows.filter(
    ({ task, queryLimit }) =>
      queryLimit === null && isInAverage(task) && rows.filter((other) => other.task === task).length === 1,
  );
}

function averageRow(
  rows: readonly Row[],
  of: number,
  columns: readonly number[],
  systems: readonly ReportSystem[],
): AverageRow {
  // Summed in the order of names, because the order can change the last bit of a sum, and so a rounded digit.
  const summed = [...rows].sort((a, b) => compareCodePoints(a.task, b.task));
  const means = systems.map((_, column) => {
    const cells = summed.map((row) => row.cells[column] ?? null);
    if (!columns.includes(column) || cells.includes(null)) return null;
    return { value: cells.reduce((sum, cell) => sum + cell!.value, 0) / rows.length };
  });
  return {
    measures: [...new Set(rows.map(({ measure }) => measure))].sort(compareCodePoints),
    tasks: rows.map(({ label }) => label),
    of,
    cells: rankedCells(means, systems),
  };
}
