import type { Task } from '../core/task.js';
import type { DownloadOptions } from './install.js';

/** A task of a suite, as tables, averages and gates need it. */
export interface SuiteTask {
  /** The last part of the full name: `nfcorpus` of `beir/nfcorpus`. */
  readonly name: string;
  /** Other names in use. Names are compared without case, hyphens and underscores. */
  readonly aliases: readonly string[];
  /** The split that the field reports. */
  readonly split: string;
  /** True if anyone can download it. */
  readonly isPublic: boolean;
  /** True if it counts in the suite's average; tasks that models are trained on do not. */
  readonly inAverage: boolean;
  /** Data sets that are scored together, by the mean of their rounded scores: CQADupStack's forums. */
  readonly parts: readonly string[];
  /** mteb's name of the task; null if mteb has no such task. For a part, see {@link Suite.mtebPartName}. */
  readonly mtebName: string | null;
}

/** Data that is downloaded and checked as a whole: a data set of BEIR, or all of USEB. */
export interface SuiteData {
  readonly name: string;
  readonly title: string;
  readonly aliases: readonly string[];
  /** Published number; null if none is published. */
  readonly documents: number | null;
  readonly queries: number | null;
  readonly split: string;
  readonly archiveBytes: number | null;
  readonly isPublic: boolean;
  /** All known facts about it, as rows of a label and a text. */
  readonly facts: readonly (readonly [label: string, text: string])[];
  /** The unchanged table entry, for `--json`. */
  readonly entry: unknown;
  /** @returns its folder @throws InputError if it is not available, or differs from the published file */
  download(options: DownloadOptions): Promise<string>;
  /** Reads and counts every line. @throws InputError for a file that is missing or damaged */
  verify(datasetsDir: string): Promise<CountCheck[]>;
}

/** One count of a data set on disk. */
export interface CountCheck {
  /** The counted items: `documents`, `queries`, `test: judgements`. */
  readonly what: string;
  readonly found: number;
  /** The published number; null if unknown. */
  readonly expected: number | null;
  /** True if the count is as expected, or nothing is published. */
  readonly ok: boolean;
  /** A remark about the count. */
  readonly note: string;
}

export interface OpenOptions {
  /** Folder of the downloaded data sets. */
  readonly datasetsDir: string;
  /** Default: the split that the field reports. */
  readonly split?: string | undefined;
}

/** A family of tasks that is reported together. */
export interface Suite {
  /** Prefix of its tasks' names. */
  readonly name: string;
  /** Heading in tables. */
  readonly title: string;
  /** Its tasks, in the order of the paper's table. */
  readonly tasks: readonly SuiteTask[];
  /** True if its average mixes different main measures, as USEB's does; other suites are averaged per measure. */
  readonly mixesMeasures: boolean;
  readonly data: readonly SuiteData[];
  /** mteb's name of a task's part. */
  mtebPartName?(part: string): string;
  /**
   * Opens one task.
   * @param part one of the task's parts; null for the task itself
   * @throws InputError for data that is missing or damaged
   */
  open(task: SuiteTask, part: string | null, options: OpenOptions): Promise<Task>;
  /** Opens a task that the suite does not list, from the suite's data folder; undefined if there is no such data. */
  openUnlisted?(name: string, options: OpenOptions): Promise<Task | undefined>;
}

/** @param expected the published number; null if unknown */
export function compareCount(what: string, found: number, expected: number | null): CountCheck {
  return { what, found, expected, ok: expected === null || found === expected, note: '' };
}
