import type { Profile } from '../core/profile.js';
import type { Run } from '../core/run.js';
import type { RunRequest, TaskOutput } from '../core/runner.js';
import type { SystemInfo } from '../core/system.js';
import type { Task } from '../core/task.js';
import type { PerQuery, ResultRecord } from '../results/record.js';
import type { StoredResult } from '../results/store.js';
import type { RunSettings } from './context.js';

/** A scored output of a system: the numbers of a record, and the files beside it. */
export interface Scored {
  readonly evaluation: ResultRecord['evaluation'];
  readonly mainMeasure: string;
  readonly measures: Readonly<Record<string, number>>;
  readonly perQuery: PerQuery;
  /** Number of queries whose documents, two or more, all have the same score; null for a task without rankings. */
  readonly tiedQueries: number | null;
  /** The run that was scored; null for a task without rankings. */
  readonly run: Run | null;
  /** The main measure's value, formatted as papers print it. */
  readonly shown: string;
}

/** Scoring of one kind of task; all other steps to a stored record are the same for all kinds. */
export interface TaskKind<T extends Task = Task> {
  /** Adapts the request to a runner. */
  request(task: T, request: RunRequest, profile: Profile): RunRequest;
  /** The parts of a record that identify the work, besides task and system. */
  describe(
    task: T,
    system: SystemInfo,
    request: RunRequest,
  ): { readonly firstStage: ResultRecord['firstStage']; readonly topK: number };
  /** Scores a new output. */
  evaluate(task: T, output: TaskOutput, settings: RunSettings, profile: Profile): Promise<Scored>;
  /** Scores a stored result again if it lacks requested measures; null if it has all of them. */
  evaluateAgain(task: T, found: StoredResult, settings: RunSettings, profile: Profile): Promise<Scored | null>;
}
