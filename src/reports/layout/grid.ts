import { formatScore } from '../../results/score-format.js';
import { columnsWithScores } from '../model/averages.js';
import { formatParameters } from '../model/format.js';
import type { Cell, ReportSystem, Row, ReportSuite } from '../model/model.js';

/** A table of scores for all formats: headings, and cells with their marks. */
export interface Grid {
  readonly suite: string;
  /** Heading of the first column. */
  readonly corner: string;
  readonly columns: readonly Heading[];
  readonly lines: readonly GridLine[];
}

export interface Heading {
  readonly label: string;
  /** Task, part of a task, average or system. */
  readonly kind: 'task' | 'part' | 'average' | 'system';
  /** An addition to the label: the size of a model, the number of averaged tasks. */
  readonly detail: string;
  /** Id of the row or system; null for averages. */
  readonly id: string | null;
}

export interface GridLine {
  readonly heading: Heading;
  readonly cells: readonly GridCell[];
}

export interface GridCell {
  /** The score as text; an en dash for a missing one. */
  readonly text: string;
  readonly mark: 'best' | 'second' | 'none';
  /** The cell of the report; null for averages and missing scores. */
  readonly cell: Cell | null;
}

/** With few tasks and many systems, systems are the rows: such a table is easier to read than long lines. */
const TASKS_ACROSS_AT_MOST = 3;
const SYSTEMS_ACROSS_AT_LEAST = 5;

/** A suite's scores: tasks as rows and systems as columns; transposed for up to three tasks and many systems. */
export function suiteGrid(suite: ReportSuite, systems: readonly ReportSystem[]): Grid {
  const lines: GridLine[] = suite.rows.flatMap((row) => [
    rowLine(row, 'task'),
    ...row.parts.map((part) => rowLine(part, 'part')),
  ]);
  for (const average of suite.averages) {
    const detail = `${average.tasks.length} of ${average.of} tasks`;
    lines.push({
      heading: { label: 'Average', kind: 'average', detail, id: null },
      cells: average.cells.map((cell) => gridCell(cell, null)),
    });
  }
  const shown = columnsWithScores(suite.rows, systems);
  const grid: Grid = {
    suite: suite.name,
    corner: 'Task',
    columns: shown.map((column) => systemHeading(systems[column]!)),
    lines: lines.map(({ heading, cells }) => ({ heading, cells: shown.map((column) => cells[column]!) })),
  };
  const down = suite.rows.length <= TASKS_ACROSS_AT_MOST && shown.length >= SYSTEMS_ACROSS_AT_LEAST;
  return down && suite.rows.every(({ parts }) => parts.length === 0) ? transposed(grid) : grid;
}

/** Swaps lines and columns. */
export function transposed({ suite, columns, lines }: Grid): Grid {
  return {
    suite,
    corner: 'System',
    columns: lines.map(({ heading }) => heading),
    lines: columns.map((heading, i) => ({ heading, cells: lines.map(({ cells }) => cells[i]!) })),
  };
}

export function systemHeading({ label, parameters, id }: ReportSystem): Heading {
  return { label, kind: 'system', detail: parameters === null ? '' : formatParameters(parameters), id };
}

function rowLine(row: Row, kind: 'task' | 'part'): GridLine {
  const detail = [row.measure, ...(row.restricted ? ['not public'] : [])].join(', ');
  return {
    heading: { label: row.label, kind, detail, id: row.id },
    cells: row.cells.map((cell) => gridCell(cell, cell)),
  };
}

function gridCell(value: Pick<Cell, 'value' | 'best' | 'second'> | null, cell: Cell | null): GridCell {
  if (value === null) return { text: '–', mark: 'none', cell: null };
  return { text: formatScore(value.value), mark: value.best ? 'best' : value.second ? 'second' : 'none', cell };
}
