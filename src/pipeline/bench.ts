import { availableParallelism } from 'node:os';
import { InputError } from '../core/errors.js';
import { limitTask } from '../core/limit-task.js';
import { profileByName, type ProfileChoice } from '../core/profile.js';
import { silentProgress, type Progress } from '../core/progress.js';
import type { Sharing } from '../core/shards.js';
import { systemSpecSchema, type PartialSpec, type SystemSpec } from '../core/system-spec.js';
import type { Task } from '../core/task.js';
import { requireWritable } from '../io/folders.js';
import { parseMeasure } from '../measures/index.js';
import type { StoredResult } from '../results/store.js';
import { checkSpec } from '../runners/check-spec.js';
import { specsOf, type SystemValues } from '../runners/specs.js';
import { expandTasks } from '../suites/index.js';
import { closeTask, openTask } from '../suites/open-task.js';
import { recordedMeasures, mainMeasure } from './context.js';
import { runPlan } from './run-plan.js';

/**
 * Input of {@link bench}. Only `tasks` is required; the fields of systems (`pooling`, `prompt`, `depth` …) are those of
 * `sgpt-bench run`.
 */
export interface BenchOptions extends Omit<SystemValues, 'runner' | 'model' | 'prompt'> {
  /** Names (`beir/nfcorpus`, `useb`), paths of folders in BEIR's layout or of task files, or opened tasks. */
  readonly tasks: readonly (string | Task)[];
  /** Model folders, hub ids, or hosted models (`openai:NAME`). */
  readonly models?: readonly string[];
  /** Default: bi-encoder if models are given, else bm25. */
  readonly runners?: readonly string[];
  readonly prompts?: readonly string[];
  /** Further systems, each a spec of its own. */
  readonly systems?: readonly PartialSpec[];
  /** Default: the split that the field reports. */
  readonly split?: string;
  /** Default: `auto`, the one that fits each system. */
  readonly profile?: ProfileChoice;
  /** Measures of retrieval tasks, in ir_measures' spelling; nDCG@10 is always included. */
  readonly measures?: readonly string[];
  /** Documents per ranking. Default: 1000. */
  readonly topK?: number;
  /** Uses only the first N queries of each task. */
  readonly limitQueries?: number;
  /** Default: `datasets`. */
  readonly datasetsDir?: string;
  /** The results folder. Default: `results`. */
  readonly output?: string;
  /** The folder of stored vectors and scores, or s3://BUCKET/PREFIX. Default: `.cache` in the results folder. */
  readonly store?: string;
  /** Default: one per core. */
  readonly threads?: number;
  /** Recomputes results even if a stored one has the same fingerprint. */
  readonly overwrite?: boolean;
  /** Default: silent. */
  readonly progress?: Progress;
  /** Stops the run when aborted; finished work is kept. */
  readonly signal?: AbortSignal;
  /** Recorded as the command that made the results. Default: `bench()`. */
  readonly command?: string;
  readonly sharing?: Sharing;
}

/**
 * Runs systems on tasks and writes their results: `sgpt-bench run` as a function. Everything but the tasks has a default;
 * finished results of earlier calls are reused.
 * @returns one result per system and task, with its record and folder
 * @throws InputError for any invalid input, before any work
 */
export async function bench(options: BenchOptions): Promise<StoredResult[]> {
  const { threads = availableParallelism(), progress = silentProgress, signal, sharing } = options;
  const specs = await systemsOf(options);
  const measures = [...new Set([mainMeasure, ...(options.measures ?? recordedMeasures)])];
  for (const measure of measures) parseMeasure(measure);
  const { output = 'results', store, topK = 1000, overwrite = false, command = 'bench()' } = options;
  const { profile: choice = 'auto' } = options;
  const profile = choice === 'auto' ? choice : profileByName(choice);
  await requireWritable(output);
  const opened: Task[] = [];
  try {
    const tasks = await tasksOf(options, opened);
    const settings = { measures, topK, output, store, overwrite };
    return await runPlan(specs, tasks, settings, { profile, progress, signal, threads, command, sharing });
  } finally {
    for (const task of opened) await closeTask(task);
  }
}

async function systemsOf({ models, runners, prompts, systems = [], ...rest }: BenchOptions): Promise<SystemSpec[]> {
  const fields = Object.fromEntries(Object.entries(rest).filter(([name]) => name in systemSpecSchema.shape));
  const given = runners ?? models;
  const values: SystemValues = {
    ...fields,
    ...(runners === undefined ? {} : { runner: runners }),
    ...(models === undefined ? {} : { model: models }),
    ...(prompts === undefined ? {} : { prompt: prompts }),
  };
  const listed = given === undefined && systems.length > 0 ? [] : await specsOf(values);
  return [...listed, ...(await Promise.all(systems.map(checkSpec)))];
}

/** @param opened receives the tasks that this function opens, for the caller to close */
async function tasksOf(options: BenchOptions, opened: Task[]): Promise<Task[]> {
  const { tasks, datasetsDir = 'datasets', split, limitQueries = null } = options;
  if (tasks.length === 0) throw new InputError('no task is given; expected names or paths in "tasks"');
  const all: Task[] = [];
  for (const task of tasks) {
    if (typeof task !== 'string') all.push(task);
    else
      for (const name of expandTasks([task])) {
        const one = await openTask(name, { datasetsDir, split });
        opened.push(one);
        all.push(one);
      }
  }
  return all.map((task) => limitTask(task, limitQueries));
}
