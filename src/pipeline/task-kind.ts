import type { Profile } from '../core/profile.js';
import type { Run } from '../core/run.js';
import type { RunRequest, TaskOutput } from '../core/runner.js';
import type { SystemInfo } from '../core/system.js';
import type { Task } from '../core/task.js';
import type { PerQuery, ResultRecord } from '../results/record.js';
import type { StoredResult } from '../results/store.js';
import type { RunSettings } from './context.js';

/** What a task makes of a system's output: the numbers of a record, and the files beside it. */
export interface Scored {
  readonly evaluation: ResultRecord['evaluation'];
  readonly mainMeasure: string;
  readonly measures: Readonly<Record<string, number>>;
  readonly perQuery: PerQuery;
  /** The run as it was measured; null for a task without rankings. */
  readonly run: Run | null;
  /** The main number as the field writes it. */
  readonly shown: string;
}

/** One way of scoring systems: all that the path from a task to a stored record needs to know of a kind of task. */
export interface TaskKind<T extends Task = Task> {
  /** What is asked of a runner. */
  request(task: T, request: RunRequest, profile: Profile): RunRequest;
  /** The parts of a record that describe the work, besides task and system. */
  describe(
    task: T,
    system: SystemInfo,
    request: RunRequest,
  ): { readonly firstStage: ResultRecord['firstStage']; readonly topK: number };
  /** Measures a fresh output. */
  evaluate(task: T, output: TaskOutput, settings: RunSettings, profile: Profile): Promise<Scored>;
  /** Measures a stored result again where it lacks measures that are asked for; null where it has them all. */
  evaluateAgain(task: T, found: StoredResult, settings: RunSettings, profile: Profile): Promise<Scored | null>;
}
