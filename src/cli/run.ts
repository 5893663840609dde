import { Command, Option } from 'commander';
import type { BenchPlan } from '../bench.js';
import type { RetrievalTask } from '../core/dataset.js';
import { InputError, unknownName } from '../core/errors.js';
import { profileByName, profileNames } from '../core/profile.js';
import { runnerNames, type Progress, type RunnerName } from '../core/runner.js';
import { isUsebTask, usebNormalizations, type UsebTask } from '../core/useb.js';
import type { StoredResult } from '../results/store.js';
import { interruptible } from './interrupt.js';
import { commandLine, defaultThreads, layers, list, positive } from './options.js';
import { stderrProgress } from './progress.js';
import { openSharing, sharingOptions, type SharingOptions } from './sharing.js';
import { hostedOptions, remotePlan, type HostedOptions } from './remote-options.js';

interface RunOptions extends HostedOptions, SharingOptions {
  readonly task: string[];
  readonly model: string[];
  readonly runner?: string[];
  readonly split?: string;
  readonly pooling: string[];
  readonly layer?: ('all' | number)[];
  readonly brackets: BenchPlan['brackets'];
  readonly embedPrompt?: string;
  readonly normalize: NonNullable<BenchPlan['normalize']>;
  readonly prompt: string[];
  readonly firstStage: string;
  readonly bm25?: string;
  readonly depth: number;
  readonly topK: number;
  readonly measure?: string[];
  readonly profile: string;
  readonly dtype: BenchPlan['dtype'];
  readonly device: NonNullable<BenchPlan['device']>;
  readonly workers?: number;
  readonly threads: number;
  readonly datasetsDir: string;
  readonly output: string;
  readonly limitQueries?: number;
  readonly overwrite?: boolean;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

const examples = `
Examples:
  sgpt-bench run --task demo/computing --runner bm25
  sgpt-bench run --task path/to/nfcorpus --model path/to/SGPT-125M-weightedmean-msmarco-specb-bitfit
  sgpt-bench run --task path/to/nfcorpus --model path/to/gpt-neo-125m --runner cross-encoder --prompt G --depth 100
  sgpt-bench run --task useb --model path/to/SGPT-125M-weightedmean-nli-bitfit`;

/** `sgpt-bench run`: systems on tasks, to runs, measures and records. */
export function runCommand(): Command {
  const command = new Command('run')
    .description('run systems on tasks; writes runs, scores and records')
    .requiredOption(
      '--task <names>',
      'tasks: demo/computing, beir/NAME, useb, useb/NAME, demo/useb, folders in BEIR layout, or JSON task files',
      list,
    )
    .option(
      '--model <names>',
      'model folders, hub ids (organisation/name, organisation/name@revision), or hosted models (openai:NAME)',
      list,
      [],
    )
    .option(
      '--runner <names>',
      'bm25, bi-encoder, cross-encoder, oracle (default: bi-encoder with --model, else bm25)',
      list,
    )
    .option('--split <name>', 'judgements to use (default: test)')
    .option(
      '--pooling <names>',
      "poolings of the bi-encoder, all from one pass; all, own (default: the model's own, else weightedmean)",
      list,
      [],
    )
    .option('--layer <numbers>', 'hidden states to pool: numbers, or all (default: the last)', layers)
    .option(
      '--brackets <kind>',
      'marks around texts: auto (by the model\'s name), specb, speca, none, or four tokens like "[,],{,}"',
      'auto',
    )
    .option(
      '--embed-prompt <eol|text>',
      'embed texts within a prompt: eol (PromptEOL), eol:SENTENCE=WORD with a demonstration, or a text with {}',
    )
    .addOption(
      new Option('--normalize [where]', 'USEB: where embeddings are scaled to length 1; "all" as in the SGPT paper')
        .choices(usebNormalizations)
        .preset('all')
        .default('by-task'),
    )
    .option(
      '--prompt <letter|text>',
      "prompt of the cross-encoder, may be given again (default: the task file's, or G)",
      collect,
      [],
    )
    .option(
      '--first-stage <name>',
      'what is re-ranked: bm25, elasticsearch:URL (a server, OpenSearch too), or a TREC run file',
      'bm25',
    )
    .option('--bm25 <settings>', 'elasticsearch, anserini-flat or anserini-multifield (default: by profile)')
    .option('--depth <n>', 'documents re-ranked a query', positive, 100)
    .option('--top-k <n>', 'documents kept a query', positive, 1000)
    .option('--measure <names>', 'measures to record, besides nDCG@10', list)
    .addOption(
      new Option('--profile <name>', 'conventions of a reference program').choices(profileNames).default('sgpt-paper'),
    )
    .addOption(new Option('--dtype <type>', 'what models compute in').choices(['fp32', 'int8']).default('fp32'))
    .addOption(new Option('--device <name>', 'what models run on').choices(['cpu', 'cuda']).default('cpu'))
    .option(
      '--workers <n>',
      'processes that run a model (default: as many as threads, or as suits a large one)',
      positive,
    )
    .option('--threads <n>', 'threads for models and search', positive, defaultThreads)
    .option('--datasets-dir <dir>', 'where data sets lie', 'datasets')
    .option('--output <dir>', 'where results go', 'results')
    .option('--limit-queries <n>', 'only the first queries, for trials', positive)
    .option('--overwrite', 'do finished work again')
    .option('--json', 'print records as JSON instead of a table')
    .option('--quiet', 'no progress')
    .addHelpText('after', examples)
    .action(run);
  for (const option of [...hostedOptions(), ...sharingOptions()]) command.addOption(option);
  return command;
}

async function run(options: RunOptions): Promise<void> {
  const results = await runPlan(planOf(options), options);
  if (options.shard !== undefined) {
    const { number, count } = options.shard;
    process.stderr.write(
      `share ${number} of ${count} is done; when all are (and "sgpt-bench merge" has brought together what lies in several ` +
        'folders), the same command without --shard evaluates them\n',
    );
    return;
  }
  if (options.json === true) {
    const records = results.map(({ record }) => record);
    process.stdout.write(JSON.stringify(records, null, 2) + '\n');
    return;
  }
  const { buildReport, renderTextTable } = await import('../reports/index.js');
  process.stdout.write(renderTextTable(await buildReport(results, {})));
  process.stderr.write(`results in ${options.output}; make a report with: sgpt-bench report ${options.output}\n`);
}

/** What to do with a plan's systems, and where. */
export type PlanOptions = Pick<
  RunOptions,
  'task' | 'profile' | 'depth' | 'topK' | 'threads' | 'datasetsDir' | 'output'
> &
  Partial<Pick<RunOptions, 'split' | 'measure' | 'limitQueries' | 'overwrite' | 'quiet'>> &
  SharingOptions;

/** Opens the tasks, runs the plan with progress on stderr until done or interrupted, and closes what it opened. */
export async function runPlan(plan: BenchPlan, options: PlanOptions): Promise<StoredResult[]> {
  const [{ bench }, { defaultMeasures, mainMeasure }, { parseMeasure }] = await Promise.all([
    import('../bench.js'),
    import('../evaluate.js'),
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
    import('../datasets/index.js'),
    import('../datasets/useb/index.js'),
  ]);
  const tasks: (RetrievalTask | UsebTask)[] = [];
  for (const name of expandTasks(names)) {
    if (isUsebName(name)) {
      const opened = await openUsebTasks(name, datasetsDir, split);
      for (const task of opened) noteUsebFacts(task, split, progress);
      tasks.push(...opened);
      continue;
    }
    const task = await openTask(name, datasetsDir, split);
    noteOddities(task, progress);
    taskNames.set(task, name);
    tasks.push(task);
  }
  return tasks;
}

function planOf(options: RunOptions): BenchPlan {
  const runners = (options.runner ?? [options.model.length > 0 ? 'bi-encoder' : 'bm25']).map(runnerByName);
  const needsModel = runners.find((runner) => runner === 'bi-encoder' || runner === 'cross-encoder');
  if (needsModel !== undefined && options.model.length === 0) {
    throw new InputError(`--runner ${needsModel} needs a model: give a model folder or a hub id with --model`);
  }
  return {
    runners,
    models: options.model,
    poolings: options.pooling,
    layers: options.layer,
    brackets: options.brackets,
    embedPrompt: options.embedPrompt,
    normalize: options.normalize,
    dtype: options.dtype,
    device: options.device,
    workers: options.workers,
    prompts: options.prompt,
    bm25: options.bm25,
    firstStage: options.firstStage,
    remote: remotePlan(options.model, options),
  };
}

function runnerByName(name: string): RunnerName {
  const found = runnerNames.find((runner) => runner === name);
  if (found === undefined) throw unknownName('runner', name, runnerNames);
  return found;
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

function collect(value: string, before: string[]): string[] {
  return [...before, value];
}
