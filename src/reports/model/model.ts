import type { PublishedRow } from '../../suites/published/index.js';
import type { StoredResult } from '../../results/store.js';

/** Everything a report shows, as plain values made from result records alone. Writers turn it into files. */
export interface Report {
  readonly title: string;
  /** Columns, ordered by kind, family and size. */
  readonly systems: readonly ReportSystem[];
  /** Tasks by suite (BEIR, USEB, others), each with the averages that can be made. */
  readonly suites: readonly ReportSuite[];
  /** What else there is to show, in order; parts without content are left out. */
  readonly parts: readonly Part[];
  /** The records behind the numbers, ordered as the rows and columns are. */
  readonly results: readonly NumberedResult[];
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
  /** Which hidden state is pooled how, for bi-encoders. */
  readonly view: { readonly pooling: string; readonly layer: number } | null;
}

/** A record with the row and the column that it is shown in. */
export interface NumberedResult extends StoredResult {
  /** Stable within a report: `r1`, `r2` … */
  readonly id: string;
  readonly row: string;
  readonly system: string;
}

export interface ReportSuite {
  readonly name: string;
  readonly rows: readonly Row[];
  /** Over the tasks that every system of the suite has; then over all tasks, for the systems that have them. */
  readonly averages: readonly AverageRow[];
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
  /** How far it is off: at most 0.001 (`equal`), at most 0.005 (`near`), or more. */
  readonly verdict: 'equal' | 'near' | 'off';
}

/** A mean over tasks, of the systems that have them all: never over different tasks for different systems. */
export interface AverageRow {
  readonly measures: readonly string[];
  /** Labels of the rows in it. */
  readonly tasks: readonly string[];
  /** Tasks of the suite, with those left out. */
  readonly of: number;
  /** One a system, in the order of the columns; null where it lacks a task, or has none of the suite. */
  readonly cells: readonly (Pick<Cell, 'value' | 'best' | 'second'> | null)[];
}

/** A section of a report besides the scores: one question, answered by panels of which a page shows one at a time. */
export interface Part {
  readonly id: 'sizes' | 'published' | 'layers' | 'prompts' | 'depth' | 'significance' | 'cost' | 'provenance';
  readonly title: string;
  /** One or two sentences that say how to read it. */
  readonly text: string;
  readonly panels: readonly Panel[];
}

export interface Panel {
  /** Unique in the report. */
  readonly id: string;
  /** The task or average that the panel is about. */
  readonly label: string;
  readonly figure: Figure | null;
  readonly table: ReportTable;
}

/** A table of plain values; the columns say how they are shown. */
export interface ReportTable {
  readonly columns: readonly Column[];
  readonly lines: readonly (readonly TableValue[])[];
}

export type TableValue = string | number | null;

export interface Column {
  readonly label: string;
  readonly format:
    'text' | 'score' | 'difference' | 'parameters' | 'count' | 'rate' | 'duration' | 'probability' | 'verdict';
  /** Cells are shaded by value, from the lowest to the highest of all such columns. */
  readonly heat?: boolean;
}

export type Figure = SizeFigure | HeatFigure | DepthFigure | DifferenceFigure;

interface FigureBase {
  readonly id: string;
  readonly label: string;
  readonly measure: string;
}

/** Score against parameters for one row or average. */
export interface SizeFigure extends FigureBase {
  readonly kind: 'sizes';
  /** One line a family, points by size. */
  readonly lines: readonly SizeLine[];
  /** Systems without a size (BM25, the oracle), drawn as level lines. */
  readonly levels: readonly { readonly label: string; readonly runner: string; readonly value: number }[];
  /** Published systems with a known size. */
  readonly published: readonly SizePoint[];
}

export interface SizeLine {
  readonly family: string;
  readonly runner: string;
  readonly points: readonly SizePoint[];
}

export interface SizePoint {
  readonly label: string;
  readonly parameters: number;
  readonly value: number;
}

/** Scores of one model by layer (across) and pooling (down). */
export interface HeatFigure extends FigureBase {
  readonly kind: 'heat';
  readonly layers: readonly number[];
  readonly poolings: readonly string[];
  /** `values[pooling][layer]`, null where it was not run. */
  readonly values: readonly (readonly (number | null)[])[];
}

/** Scores against the depth of re-ranking. */
export interface DepthFigure extends FigureBase {
  readonly kind: 'depth';
  readonly depths: readonly number[];
  readonly lines: readonly {
    readonly label: string;
    readonly ceiling: boolean;
    /** One a depth, null where it is not known. */
    readonly values: readonly (number | null)[];
  }[];
}

/** Paired differences to a reference with their confidence intervals. */
export interface DifferenceFigure extends FigureBase {
  readonly kind: 'differences';
  readonly reference: string;
  readonly systems: readonly {
    readonly label: string;
    readonly difference: number;
    readonly low: number;
    readonly high: number;
  }[];
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
