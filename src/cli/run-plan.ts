import type { BenchPlan } from '../pipeline/run-plan.js';
import type { RetrievalTask } from '../core/dataset.js';
import { profileByName } from '../core/profile.js';
import type { Progress } from '../core/runner.js';
import { isUsebTask, type UsebTask } from '../core/useb.js';
import type { BenchSettings } from '../pipeline/retrieval.js';
import type { StoredResult } from '../results/store.js';
import { interruptible } from './interrupt.js';
import { commandLine } from './options.js';
import { stderrProgress } from './progress.js';
import { openSharing, type SharingOptions } from './sharing.js';

/** On which tasks a plan's systems are run, how they are measured, and where things lie. */
export interface PlanOptions extends SharingOptions {
  readonly task: readonly string[];
  readonly split?: string;
  readonly profile: string;
  readonly depth: number;
  readonly topK: number;
  readonly measure?: readonly string[];
  readonly threads: number;
  readonly datasetsDir: string;
  readonly output: string;
  readonly limitQueries?: number;
  readonly storeDtype?: BenchSettings['storeDtype'];
  readonly overwrite?: boolean;
  readonly quiet?: boolean;
}

/** Opens the tasks, runs the plan with progress on stderr until done or interrupted, and closes what it opened. */
export async function runPlan(plan: BenchPlan, options: PlanOptions): Promise<StoredResult[]> {
  const [{ bench }, { defaultMeasures, mainMeasure }, { parseMeasure }] = await Promise.all([
    import('../pipeline/run-plan.js'),
    import('../pipeline/retrieval.js'),
    import('../measures/index.js'),
  ]);
  const profile = profileByName(options.profile);
  const measures = options.measure === undefined ? defaultMeasures : [...new Set([mainMeasure, ...options.measure])];
  for (const measure of measures) parseMeasure(measure); // a misspelt one is found before the work, not after
  const progress = stderrProgress(options.quiet === true);
  const settings = {
    measures,
    topK: options.topK,
    depth: options.depth,
    queryLimit: options.limitQueries ?? null,
    output: options.output,
    store: options.store,
    storeDtype: options.storeDtype,
    overwrite: options.overwrite === true,
  };
  const taskNames = new Map<RetrievalTask, string>();
  const tasks = await openTasks(options, progress, taskNames);
  try {
    for (const task of tasks) if (!isUsebTask(task) && task.mainMeasure !== undefined) parseMeasure(task.mainMeasure);
    return await interruptible(async (signal) => {
      const { output, threads } = options;
      const shared = { output, models: plan.models, taskNames, profile: profile.name, progress, signal };
      const open = await openSharing(options, shared);
      try {
        return await bench(plan, tasks, settings, {
          ...{ profile, progress, signal, threads, sharing: open.sharing },
          command: commandLine(),
        });
      } finally {
        await open.close();
      }
    });
  } finally {
    for (const task of tasks) if (!isUsebTask(task)) await task.corpus.close();
  }
}

async function openTasks(
  { task: names, datasetsDir, split }: PlanOptions,
  progress: Progress,
  /** Is told the name that each retrieval task was opened by. */
  taskNames: Map<RetrievalTask, string>,
): Promise<(RetrievalTask | UsebTask)[]> {
  const [{ expandTasks, openTask }, { isUsebName, openUsebTasks }] = await Promise.all([
    import('../suites/index.js'),
    import('../suites/useb/open.js'),
  ]);
  const tasks: (RetrievalTask | UsebTask)[] = [];
  const expanded = expandTasks(names);
  const stage = progress.stage('read', expanded.length, 'tasks');
  try {
    for (const name of expanded) {
      if (isUsebName(name)) {
        const opened = await openUsebTasks(name, datasetsDir, split);
        for (const task of opened) noteUsebFacts(task, split, progress);
        tasks.push(...opened);
      } else {
        const task = await openTask(name, datasetsDir, split);
        noteOddities(task, progress);
        taskNames.set(task, name);
        tasks.push(task);
      }
      stage.advance(1);
    }
  } finally {
    stage.end();
  }
  return tasks;
}

/** What is odd about the data is said, not hidden: it is in the record, too. */
function noteOddities({ name, facts, split }: RetrievalTask, progress: Progress): void {
  progress.note(
    `${name} (${split}): ${facts.documents} documents, ${facts.queries} queries, ${facts.judgements} judgements`,
  );
  if (facts.judgementsOfUnknownDocuments > 0) {
    progress.note(
      `${name}: ${facts.judgementsOfUnknownDocuments} judgements are of documents that the corpus does not have`,
    );
  }
  if (facts.judgedQueriesWithoutText > 0) {
    progress.note(
      `${name}: ${facts.judgedQueriesWithoutText} judged queries are not in queries.jsonl; they are left out`,
    );
  }
}

function noteUsebFacts(task: UsebTask, split: string | undefined, progress: Progress): void {
  const { name, facts } = task;
  progress.note(`${name} (${task.split}): ${facts.documents} texts, ${facts.queries} queries or pairs`);
  if (split !== undefined && split !== 'test' && task.split === 'test') {
    progress.note(`${name}: there is a test split alone; it is used instead of ${split}`);
  }
  if (task.skippedQueries > 0) {
    progress.note(
      `${name}: ${task.skippedQueries} queries without positives or without a text are left out, as in USEB`,
    );
  }
}
