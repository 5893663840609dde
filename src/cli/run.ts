import { Command, Option } from 'commander';
import type { BenchPlan } from '../pipeline/run-plan.js';
import { InputError, unknownName } from '../core/errors.js';
import { profileNames } from '../core/profile.js';
import { runnerNames, type RunnerName } from '../core/runner.js';
import { usebNormalizations } from '../core/useb.js';
import { defaultThreads, layers, list, positive } from './options.js';
import { hostedOptions, remotePlan, type HostedOptions } from './remote-options.js';
import { runPlan, type PlanOptions } from './run-plan.js';
import { sharingOptions } from './sharing.js';

interface RunOptions extends PlanOptions, HostedOptions {
  readonly model?: string[];
  readonly runner?: string[];
  readonly pooling?: string[];
  readonly layer?: ('all' | number)[];
  readonly brackets: BenchPlan['brackets'];
  readonly embedPrompt?: string;
  readonly normalize: NonNullable<BenchPlan['normalize']>;
  readonly prompt?: string[];
  readonly firstStage: string;
  readonly bm25?: string;
  readonly dtype: BenchPlan['dtype'];
  readonly device: NonNullable<BenchPlan['device']>;
  readonly workers?: number;
  readonly json?: boolean;
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
    .optionsGroup('What to run:')
    .requiredOption(
      '--task <names>',
      'tasks: demo/computing, beir/NAME, useb, useb/NAME, demo/useb, folders in BEIR layout, or JSON task files',
      list,
    )
    .option(
      '--model <names>',
      'model folders, hub ids (organisation/name, organisation/name@revision), or hosted models (openai:NAME)',
      list,
    )
    .option(
      '--runner <names>',
      'bm25, bi-encoder, cross-encoder, oracle (default: bi-encoder with --model, else bm25)',
      list,
    )
    .option('--split <name>', 'judgements to use (default: test)')
    .option('--measure <names>', 'measures to record, besides nDCG@10', list)
    .addOption(
      new Option('--profile <name>', 'conventions of a reference program').choices(profileNames).default('sgpt-paper'),
    )
    .option('--top-k <n>', 'documents kept a query', positive, 1000)
    .option('--limit-queries <n>', 'only the first queries, for trials', positive)
    .optionsGroup('Bi-encoders:')
    .option(
      '--pooling <names>',
      "poolings, all from one pass; all, own (default: the model's own, else weightedmean)",
      list,
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
    .optionsGroup('First stage and re-ranking:')
    .option('--bm25 <settings>', 'elasticsearch, anserini-flat or anserini-multifield (default: by profile)')
    .option(
      '--first-stage <name>',
      'what is re-ranked: bm25, elasticsearch:URL (a server, OpenSearch too), or a TREC run file',
      'bm25',
    )
    .option('--depth <n>', 'documents re-ranked a query', positive, 100)
    .option(
      '--prompt <letter|text>',
      "prompt of the cross-encoder, may be given again (default: the task file's, or G)",
      collect,
    )
    .optionsGroup('How to compute:')
    .addOption(new Option('--dtype <type>', 'what models compute in').choices(['fp32', 'int8']).default('fp32'))
    .addOption(
      new Option(
        '--store-dtype <type>',
        "what bi-encoders' vectors are stored as: float16 takes half the room and rounds",
      )
        .choices(['float32', 'float16'])
        .default('float32'),
    )
    .addOption(new Option('--device <name>', 'what models run on').choices(['cpu', 'cuda']).default('cpu'))
    .option('--threads <n>', 'threads for models and search', positive, defaultThreads)
    .option(
      '--workers <n>',
      'processes that run a model (default: as many as threads, or as suits a large one)',
      positive,
    )
    .optionsGroup('Files and output:')
    .option('--datasets-dir <dir>', 'where data sets lie', 'datasets')
    .option('--output <dir>', 'where results go', 'results')
    .option('--overwrite', 'do finished work again')
    .option('--json', 'print records as JSON instead of a table')
    .option('--quiet', 'no progress')
    .addHelpText('after', examples)
    .action(run);
  for (const option of hostedOptions()) command.addOption(option.helpGroup('Hosted models:'));
  for (const option of sharingOptions()) command.addOption(option.helpGroup('Several machines:'));
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

function planOf(options: RunOptions): BenchPlan {
  const models = options.model ?? [];
  const runners = (options.runner ?? [models.length > 0 ? 'bi-encoder' : 'bm25']).map(runnerByName);
  const needsModel = runners.find((runner) => runner === 'bi-encoder' || runner === 'cross-encoder');
  if (needsModel !== undefined && models.length === 0) {
    throw new InputError(`--runner ${needsModel} needs a model: give a model folder or a hub id with --model`);
  }
  return {
    runners,
    models,
    poolings: options.pooling ?? [],
    layers: options.layer,
    brackets: options.brackets,
    embedPrompt: options.embedPrompt,
    normalize: options.normalize,
    dtype: options.dtype,
    device: options.device,
    workers: options.workers,
    prompts: options.prompt ?? [],
    bm25: options.bm25,
    firstStage: options.firstStage,
    remote: remotePlan(models, options),
  };
}

function runnerByName(name: string): RunnerName {
  const found = runnerNames.find((runner) => runner === name);
  if (found === undefined) throw unknownName('runner', name, runnerNames);
  return found;
}

function collect(value: string, before: string[] = []): string[] {
  return [...before, value];
}
