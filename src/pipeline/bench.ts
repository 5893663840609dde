import { availableParallelism } from 'node:os';
import { InputError } from '../core/errors.js';
import { limitTask } from '../core/limit-task.js';
import { profileByName, type ProfileName } from '../core/profile.js';
import { silentProgress, type Progress } from '../core/progress.js';
import type { Sharing } from '../core/shards.js';
import { systemSpecSchema, type PartialSpec, type SystemSpec } from '../core/system-spec.js';
import type { Task } from '../core/task.js';
import { parseMeasure } from '../measures/index.js';
import type { StoredResult } from '../results/store.js';
import { checkSpec } from '../runners/check-spec.js';
import { specsOf, type SystemValues } from '../runners/specs.js';
import { expandTasks } from '../suites/index.js';
import { closeTask, openTask } from '../suites/open-task.js';
import { recordedMeasures, mainMeasure } from './context.js';
import { runPlan } from './run-plan.js';

/**
 * What {@link bench} runs. Only `tasks` is needed; the fields of systems (`pooling`, `prompt`, `depth` …) mean what the options
 * of `sgpt-bench run` mean.
 */
export interface BenchOptions extends Omit<SystemValues, 'runner' | 'model' | 'prompt'> {
  /** Names (`beir/nfcorpus`, `useb`), paths of folders in BEIR's layout or of task files, or opened tasks. */
  readonly tasks: readonly (string | Task)[];
  /** Model folders, hub ids, or hosted models (`openai:NAME`). */
  readonly models?: readonly string[];
  /** By default bi-encoder where there are models, else bm25. */
  readonly runners?: readonly string[];
  readonly prompts?: readonly string[];
  /** Further systems, each spelled out. */
  readonly systems?: readonly PartialSpec[];
  /** By default the split that the field reports. */
  readonly split?: string;
  /** By default `sgpt-paper`. */
  readonly profile?: ProfileName;
  /** Measures of retrieval tasks, by ir_measures' names; nDCG@10 is always among them. */
  readonly measures?: readonly string[];
  /** Documents in each ranking. Default: 1000. */
  readonly topK?: number;
  /** Only the first so many queries of each task. */
  readonly limitQueries?: number;
  /** Default: `datasets`. */
  readonly datasetsDir?: string;
  /** The results folder. Default: `results`. */
  readonly output?: string;
  /** The folder of stored vectors and scores, or s3://BUCKET/PREFIX. Default: `.cache` in the results folder. */
  readonly store?: string;
  /** Default: one per core. */
  readonly threads?: number;
  /** Do the work again even where a result of the same work is there. */
  readonly overwrite?: boolean;
  /** Default: none is shown. */
  readonly progress?: Progress;
  /** Stops the work; what is finished is kept. */
  readonly signal?: AbortSignal;
  /** What records name as the command that made them. Default: `bench()`. */
  readonly command?: string;
  readonly sharing?: Sharing;
}

/**
 * Runs systems on tasks and writes their results: what `sgpt-bench run` does, as a function. Everything but the tasks has a
 * default; what an earlier call finished is not done again.
 * @returns one result per system and task, with its record and folder
 * @throws InputError for anything that is not possible, before any work
 */
export async function bench(options: BenchOptions): Promise<StoredResult[]> {
  const { threads = availableParallelism(), progress = silentProgress, signal, sharing } = options;
  const specs = await systemsOf(options);
  const measures = [...new Set([mainMeasure, ...(options.measures ?? recordedMeasures)])];
  for (const measure of measures) parseMeasure(measure);
  const { output = 'results', store, topK = 1000, overwrite = false, command = 'bench()' } = options;
  const profile = profileByName(options.profile ?? 'sgpt-paper');
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
  const wanted = runners ?? models;
  const values: SystemValues = {
    ...fields,
    ...(runners === undefined ? {} : { runner: runners }),
    ...(models === undefined ? {} : { model: models }),
    ...(prompts === undefined ? {} : { prompt: prompts }),
  };
  const many = wanted === undefined && systems.length > 0 ? [] : await specsOf(values);
  return [...many, ...(await Promise.all(systems.map(checkSpec)))];
}

/** @param opened receives the tasks that were opened here, to be closed */
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
