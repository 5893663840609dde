import type { Figure } from './figures.js';
import type { PublishedRow } from '../../suites/published/index.js';
import type { StoredResult } from '../../results/store.js';

/** The content of a report as plain values, made only from result records. Writers turn it into files. */
export interface Report {
  readonly title: string;
  /** Columns of the tables, ordered by kind, family and size. */
  readonly systems: readonly ReportSystem[];
  /** Tasks by suite (BEIR, USEB, others), with the suite's averages. */
  readonly suites: readonly ReportSuite[];
  /** Further sections, in order; sections without content are left out. */
  readonly sections: readonly ReportSection[];
  /** The records of the shown scores, in the order of rows and columns. */
  readonly results: readonly NumberedResult[];
  /** Facts needed to read the numbers correctly: left-out records, mixed settings, limited queries. */
  readonly notes: readonly string[];
}

/** A column: one system, with a label that no other column has. */
export interface ReportSystem {
  /** Stable within a report: `s1`, `s2` …, in the order of the columns. */
  readonly id: string;
  /** The system's name; plus first stage and depth if the name is ambiguous. */
  readonly label: string;
  readonly name: string;
  readonly runner: string;
  readonly family: string;
  readonly model: string | null;
  readonly parameters: number | null;
  /** Pooling and layer of a bi-encoder; null for others. */
  readonly view: { readonly pooling: string; readonly layer: number } | null;
}

/** A record, with the ids of its row and column. */
export interface NumberedResult extends StoredResult {
  /** Stable within a report: `r1`, `r2` … */
  readonly id: string;
  readonly row: string;
  readonly system: string;
}

export interface ReportSuite {
  readonly name: string;
  readonly rows: readonly Row[];
  /** First over the tasks that every system of the suite has, then over all tasks, for the systems that have them. */
  readonly averages: readonly AverageRow[];
}

/** Two scores are in the same row if all of this is equal. */
export interface RowKey {
  readonly task: string;
  readonly split: string;
  readonly checksum: string;
  readonly profile: string;
  readonly queryLimit: number | null;
  readonly measure: string;
}

/** The scores of one task. A task with several data sets or profiles has one row for each. */
export interface Row extends RowKey {
  /** Stable within a report: `t1`, `t2` …; the forums of CQADupStack are `t1.1` … */
  readonly id: string;
  /** The task's name, plus the properties that differ from other rows of the task. */
  readonly label: string;
  readonly documents: number;
  readonly queries: number;
  /** True if the data cannot be downloaded without an agreement with its owner. */
  readonly restricted: boolean;
  /** One cell per system, in the order of the columns; null for a missing result. */
  readonly cells: readonly (Cell | null)[];
  /** If this row is a mean, the rows that it is the mean of: CQADupStack's twelve forums. */
  readonly parts: readonly Row[];
  /** Published scores of the task; empty unless the row has the whole task and the published measure. */
  readonly published: readonly PublishedScore[];
}

export interface Cell {
  readonly value: number;
  /** True for the highest value of the row at the shown precision; ties are all best. */
  readonly best: boolean;
  readonly second: boolean;
  /** The record of the score; null for a mean over `sections`. */
  readonly result: StoredResult | null;
  /** Published scores of the same system. */
  readonly published: readonly Comparison[];
}

export interface PublishedScore {
  readonly row: PublishedRow;
  readonly score: number;
}

export interface Comparison extends PublishedScore {
  /** Measured minus published. */
  readonly difference: number;
  /** Size of the difference: at most 0.001 (`equal`), at most 0.005 (`near`), or more (`off`). */
  readonly verdict: 'equal' | 'near' | 'off';
}

/** A mean over tasks. Only systems with results on all of these tasks have a value. */
export interface AverageRow {
  readonly measures: readonly string[];
  /** Labels of the averaged rows. */
  readonly tasks: readonly string[];
  /** Number of tasks in the suite, including those left out. */
  readonly of: number;
  /** One cell per system, in the order of the columns; null if the system lacks one of the tasks. */
  readonly cells: readonly (Pick<Cell, 'value' | 'best' | 'second'> | null)[];
}

/** A section of a report besides the scores. It answers one question with several panels; a page shows one at a time. */
export interface ReportSection {
  readonly id:
    'sizes' | 'published' | 'layers' | 'prompts' | 'vectors' | 'depth' | 'significance' | 'cost' | 'provenance';
  readonly title: string;
  /** One or two sentences on how to read it. */
  readonly text: string;
  readonly panels: readonly Panel[];
}

export interface Panel {
  /** Unique in the report. */
  readonly id: string;
  /** The task or average that the panel shows. */
  readonly label: string;
  readonly figure: Figure | null;
  readonly table: ReportTable;
}

/** A table of plain values; its columns define the formats. */
export interface ReportTable {
  readonly columns: readonly Column[];
  readonly lines: readonly (readonly TableValue[])[];
}

export type TableValue = string | number | null;

export interface Column {
  readonly label: string;
  readonly format:
    'text' | 'score' | 'difference' | 'parameters' | 'count' | 'rate' | 'duration' | 'probability' | 'verdict';
  /** Cells are shaded by value, over all columns with heat. */
  readonly heat?: boolean;
}

export interface ReportOptions {
  readonly title?: string | undefined;
  /** Shows only these tasks (a name, or the start of one up to a slash); all if empty. */
  readonly tasks?: readonly string[] | undefined;
  /** Shows only these systems (a name, a family, or a pattern with `*`); all if empty. */
  readonly systems?: readonly string[] | undefined;
  /** The system that all others are compared with. */
  readonly reference?: string | undefined;
  /** True: of two records that claim one cell, the newer is used; else they are an error. */
  readonly newest?: boolean | undefined;
}
