import type { Progress } from '../core/progress.js';
import type { SystemSpec } from '../core/system-spec.js';
import type { Task } from '../core/task.js';
import { requireWritable } from '../io/folders.js';
import type { StoredResult } from '../results/store.js';
import { interruptible } from './interrupt.js';
import { commandLine } from './options.js';
import { stderrProgress } from './progress.js';
import { openSharing, type SharingOptions } from './sharing.js';

/** Tasks, measures and folders of a run. */
export interface PlanOptions extends SharingOptions {
  readonly task: readonly string[];
  readonly split?: string;
  readonly profile: string;
  readonly topK: number;
  readonly measure?: readonly string[];
  readonly threads: number;
  readonly datasetsDir: string;
  readonly output: string;
  readonly limitQueries?: number;
  readonly overwrite?: boolean;
  readonly quiet?: boolean;
}

/** Opens the tasks, runs the systems with progress on stderr until done or interrupted, and closes everything. */
export async function runSpecs(specs: readonly SystemSpec[], options: PlanOptions): Promise<StoredResult[]> {
  const [{ runPlan }, { recordedMeasures, mainMeasure }, { parseMeasure }, { profileByName }, { closeTask }] =
    await Promise.all([
      import('../pipeline/run-plan.js'),
      import('../pipeline/context.js'),
      import('../measures/index.js'),
      import('../core/profile.js'),
      import('../suites/open-task.js'),
    ]);
  const profile = options.profile === 'auto' ? options.profile : profileByName(options.profile);
  const measures = options.measure === undefined ? recordedMeasures : [...new Set([mainMeasure, ...options.measure])];
  for (const measure of measures) parseMeasure(measure); // finds misspelt names before the work
  const progress = stderrProgress(options.quiet === true);
  const { output, store, topK, threads } = options;
  const settings = { measures, topK, output, store, overwrite: options.overwrite === true };
  await requireWritable(output);
  const taskNames = new Map<Task, string>();
  const tasks = await openTasks(options, progress, taskNames);
  try {
    for (const task of tasks) if (task.kind === 'retrieval') parseMeasure(task.mainMeasure ?? mainMeasure);
    return await interruptible(async (signal) => {
      const sharingContext = { output, specs, taskNames, progress, signal };
      const open = await openSharing(options, sharingContext);
      try {
        return await runPlan(specs, tasks, settings, {
          ...{ profile, progress, signal, threads, sharing: open.sharing },
          command: commandLine(),
        });
      } finally {
        await open.close();
      }
    });
  } finally {
    for (const task of tasks) await closeTask(task);
  }
}

async function openTasks(
  { task: names, datasetsDir, split, limitQueries }: PlanOptions,
  progress: Progress,
  /** Receives the name that each task was opened by. */
  taskNames: Map<Task, string>,
): Promise<Task[]> {
  const [{ expandTasks }, { openTask }, { limitTask }] = await Promise.all([
    import('../suites/index.js'),
    import('../suites/open-task.js'),
    import('../core/limit-task.js'),
  ]);
  const tasks: Task[] = [];
  const expanded = expandTasks(names);
  const stage = progress.stage('read', expanded.length, 'tasks');
  try {
    for (const name of expanded) {
      const task = limitTask(await openTask(name, { datasetsDir, split }), limitQueries ?? null);
      noteFacts(task, split, progress);
      taskNames.set(task, name);
      tasks.push(task);
      stage.advance(1);
    }
  } finally {
    stage.end();
  }
  return tasks;
}

/** Shows a task's size and peculiarities, which its records hold as well. */
function noteFacts(task: Task, split: string | undefined, progress: Progress): void {
  const { name, facts } = task;
  const note = (text: string): void => {
    progress.note(`${name}${text}`);
  };
  if (task.kind === 'useb') {
    note(` (${task.split}): ${facts.documents} texts, ${facts.queries} queries or pairs`);
    if (split !== undefined && split !== 'test' && task.split === 'test')
      note(`: has only a test split; it is used instead of ${split}`);
    if (task.skippedQueries > 0)
      note(`: ${task.skippedQueries} queries without positives or without a text are left out, as in USEB`);
    return;
  }
  note(` (${task.split}): ${facts.documents} documents, ${facts.queries} queries, ${facts.judgements} judgements`);
  if (facts.judgementsOfUnknownDocuments > 0)
    note(`: ${facts.judgementsOfUnknownDocuments} judgements are of documents that are not in the corpus`);
  if (facts.judgedQueriesWithoutText > 0)
    note(`: ${facts.judgedQueriesWithoutText} judged queries are not in queries.jsonl; they are left out`);
}
