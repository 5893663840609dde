import type { Task } from '../core/task.js';
import type { DownloadOptions } from './install.js';

/** A task of a suite: what tables, averages and gates go by. */
export interface SuiteTask {
  /** After the suite's name and a slash it is the task's: `nfcorpus` of `beir/nfcorpus`. */
  readonly name: string;
  /** Other names people use. Case, hyphens and underscores never matter. */
  readonly aliases: readonly string[];
  /** The split that the field reports. */
  readonly split: string;
  /** Whether anyone can download it. */
  readonly isPublic: boolean;
  /** Whether it counts in the suite's average; a task that models are trained on does not. */
  readonly inAverage: boolean;
  /** Data sets of their own that are scored together, by the mean of their rounded scores: CQADupStack's forums. */
  readonly parts: readonly string[];
  /** mteb's name of it; null where mteb does not have it. Of a part, see {@link Suite.mtebPartName}. */
  readonly mtebName: string | null;
}

/** Data that is downloaded and checked as one: a data set of BEIR, or all of USEB. */
export interface SuiteData {
  readonly name: string;
  readonly title: string;
  readonly aliases: readonly string[];
  /** What its publishers say; null where they say nothing. */
  readonly documents: number | null;
  readonly queries: number | null;
  readonly split: string;
  readonly archiveBytes: number | null;
  readonly isPublic: boolean;
  /** Everything that is known about it, as rows of a label and a text. */
  readonly facts: readonly (readonly [label: string, text: string])[];
  /** The catalogue's entry as it is, for `--json`. */
  readonly entry: unknown;
  /** @returns the folder that it lies in now @throws InputError where it cannot be had, or is not the published file */
  download(options: DownloadOptions): Promise<string>;
  /** Reads every line and counts. @throws InputError for a file that is missing or broken */
  verify(datasetsDir: string): Promise<CountCheck[]>;
}

/** One count of a data set on disk. */
export interface CountCheck {
  /** What was counted: `documents`, `queries`, `test: judgements`. */
  readonly what: string;
  readonly found: number;
  /** What the catalogue says, or null where it does not know. */
  readonly expected: number | null;
  /** Whether the count is as expected; true where nothing is known. */
  readonly ok: boolean;
  /** What is worth knowing about the count. */
  readonly note: string;
}

export interface OpenOptions {
  /** Where downloaded data sets lie. */
  readonly datasetsDir: string;
  /** By default the split that the field reports. */
  readonly split?: string | undefined;
}

/** A family of tasks that is reported together. */
export interface Suite {
  /** What its tasks' names begin with. */
  readonly name: string;
  /** As tables call it. */
  readonly title: string;
  /** In the order of its paper's table. */
  readonly tasks: readonly SuiteTask[];
  /** Whether its average is over tasks with different main measures, as USEB's is; others are averaged for one measure only. */
  readonly mixesMeasures: boolean;
  readonly data: readonly SuiteData[];
  /** mteb's name of a part of a task. */
  mtebPartName?(part: string): string;
  /**
   * Opens one task.
   * @param part one of the task's parts, or null
   * @throws InputError for data that is missing or broken
   */
  open(task: SuiteTask, part: string | null, options: OpenOptions): Promise<Task>;
  /** Opens a task that the suite does not list, where its data may hold some; undefined where there is none. */
  openUnlisted?(name: string, options: OpenOptions): Promise<Task | undefined>;
}

/** @param expected null where nothing is known */
export function compareCount(what: string, found: number, expected: number | null): CountCheck {
  return { what, found, expected, ok: expected === null || found === expected, note: '' };
}
