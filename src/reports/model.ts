import type { PublishedRow } from '../results/published.js';
import type { StoredResult } from '../results/store.js';

/** Everything a report shows, as plain values made from result records alone. Writers turn it into files. */
export interface Report {
  readonly title: string;
  /** Columns, ordered by kind, family and size. */
  readonly systems: readonly ReportSystem[];
  /** Tasks by suite (BEIR, USEB, others), each with its average where one can be made. */
  readonly suites: readonly Suite[];
  readonly figures: Figures;
  /** What a reader must know to read the numbers right: left out records, mixed settings, sampled queries. */
  readonly notes: readonly string[];
}

/** A column: one system, told apart from every other by its label. */
export interface ReportSystem {
  /** Stable within a report: `s1`, `s2` … in the order of the columns. */
  readonly id: string;
  /** The system's name; followed by the first stage and depth where the name alone would be ambiguous. */
  readonly label: string;
  readonly name: string;
  readonly runner: string;
  readonly family: string;
  readonly model: string | null;
  readonly parameters: number | null;
}

export interface Suite {
  readonly name: string;
  readonly rows: readonly Row[];
  readonly average: AverageRow | null;
}

/** What must be equal for two scores to stand in one row. */
export interface RowKey {
  readonly task: string;
  readonly split: string;
  readonly checksum: string;
  readonly profile: string;
  readonly queryLimit: number | null;
  readonly measure: string;
}

/** One task's scores. A task that was run on other data, or under another profile, has a row for each. */
export interface Row extends RowKey {
  /** Stable within a report: `t1`, `t2` …; the forums of CQADupStack are `t1.1` … */
  readonly id: string;
  /** The task, followed by what tells this row from others of the same task. */
  readonly label: string;
  readonly documents: number;
  readonly queries: number;
  /** Not downloadable without an agreement with its owner. */
  readonly restricted: boolean;
  /** One a system, in the order of the columns; null where there is no result. */
  readonly cells: readonly (Cell | null)[];
  /** Rows that this one is the mean of: CQADupStack's twelve forums. */
  readonly parts: readonly Row[];
  /** Published scores of the task; only rows of the whole task with the published measure have any. */
  readonly published: readonly PublishedScore[];
}

export interface Cell {
  readonly value: number;
  /** The highest of the row at the precision shown; ties are all best. */
  readonly best: boolean;
  readonly second: boolean;
  /** The record behind the number; null for a mean over `parts`. */
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
  /** How far it is off: at most 0.001 (`equal`), at most 0.01 (`near`), or more. */
  readonly verdict: 'equal' | 'near' | 'off';
}

/** A mean over the tasks that every system has. */
export interface AverageRow {
  readonly measures: readonly string[];
  /** Labels of the rows in it. */
  readonly tasks: readonly string[];
  /** Rows of the suite, with those left out. */
  readonly of: number;
  readonly cells: readonly Pick<Cell, 'value' | 'best' | 'second'>[];
}

export interface Figures {
  /** Scores against model sizes: averages of suites first, then one a row. Empty where no model has a size. */
  readonly sizes: readonly SizeFigure[];
}

/** Score against parameters for one row or average. */
export interface SizeFigure {
  readonly id: string;
  readonly label: string;
  readonly measure: string;
  /** One line a family, points by size. */
  readonly lines: readonly SizeLine[];
  /** Systems without a size (BM25, the oracle), drawn as level lines. */
  readonly levels: readonly { readonly label: string; readonly runner: string; readonly value: number }[];
  /** Published systems with a known size. */
  readonly published: readonly { readonly label: string; readonly source: string; readonly parameters: number; readonly value: number }[];
}

export interface SizeLine {
  readonly family: string;
  readonly runner: string;
  readonly points: readonly { readonly parameters: number; readonly value: number; readonly label: string }[];
}

export interface ReportOptions {
  readonly title?: string | undefined;
  /** Only these tasks (a name, or the start of one up to a slash); all when empty. */
  readonly tasks?: readonly string[] | undefined;
  /** Only these systems: a name, a family, or a part of a name with `*`; all when empty. */
  readonly systems?: readonly string[] | undefined;
  /** The system that differences are taken against. */
  readonly reference?: string | undefined;
  /** Where two records claim one cell, take the newer instead of refusing. */
  readonly newest?: boolean | undefined;
}
