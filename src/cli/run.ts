import { Command, Option } from 'commander';
import { printable } from '../core/printable.js';
import { profileChoices } from '../core/profile.js';
import { poolingEntry, poolings } from '../models/pooling/poolings.js';
import { runnerNames } from '../runners/index.js';
import { defaultThreads, list, positive } from './options.js';
import { runSpecs, type PlanOptions } from './run-specs.js';
import { sharingOptions } from './sharing.js';
import { givenValues, optionOf, systemOptions } from './system-options.js';

/** Options besides the fields of systems, which {@link givenValues} reads. */
interface RunOptions extends PlanOptions {
  readonly json?: boolean;
}

const examples = `
Examples:
  sgpt-bench run --task demo/computing --runner bm25
  sgpt-bench run --task path/to/nfcorpus --model path/to/SGPT-125M-weightedmean-msmarco-specb-bitfit
  sgpt-bench run --task path/to/nfcorpus --model path/to/gpt-neo-125m --runner cross-encoder --prompt G --depth 100
  sgpt-bench run --task useb --model path/to/SGPT-125M-weightedmean-nli-bitfit`;

/** The poolings that `--pooling` can name, a line each. */
function poolingHelp(): string {
  const width = Math.max(...poolings.map(({ length }) => length));
  const lines = poolings.map((name) => `  ${name.padEnd(width)}  ${poolingEntry(name).description}\n`);
  return `\nPoolings:\n${lines.join('')}`;
}

/** `sgpt-bench run`: runs systems on tasks; writes runs, scores and records. */
export function runCommand(): Command {
  const command = new Command()
    .optionsGroup('What to run:')
    .requiredOption(
      '--task <names>',
      'tasks: demo/computing, beir/NAME, useb, useb/NAME, demo/useb, folders in BEIR layout, or JSON task files',
      list,
    )
    .addOption(optionOf('model'))
    .option('--runner <names>', `${runnerNames.join(', ')} (default: bi-encoder with --model, else bm25)`, list)
    .option('--split <name>', 'judgements to use (default: the split that is usually reported)')
    .option('--measure <names>', 'measures to record, besides nDCG@10', list)
    .addOption(
      new Option('--profile <name>', 'conventions of a reference program; auto: those that fit each system')
        .choices(profileChoices)
        .default('auto'),
    )
    .option('--top-k <n>', 'documents in each ranking', positive, 1000)
    .option('--limit-queries <n>', 'use only the first n queries, for a quick trial', positive);
  for (const option of systemOptions(['runner', 'model'])) command.addOption(option);
  command
    .optionsGroup('How to compute:')
    .option('--threads <n>', 'threads for models and search', positive, defaultThreads)
    .optionsGroup('Files and output:')
    .option('--datasets-dir <dir>', 'folder of the data sets', 'datasets')
    .option('--output <dir>', 'folder to write results to', 'results')
    .option('--overwrite', 'recompute results that exist already')
    .option('--json', 'print records as JSON instead of a table')
    .option('--quiet', 'show no progress')
    .addHelpText('after', () => poolingHelp() + examples)
    .action(run);
  for (const option of sharingOptions()) command.addOption(option.helpGroup('Several machines:'));
  return command;
}

async function run(options: RunOptions, command: Command): Promise<void> {
  const { specsOf } = await import('../runners/specs.js');
  const specs = await specsOf(givenValues(command, { ...options }));
  const results = await runSpecs(specs, options);
  if (options.shard !== undefined) {
    const { number, count } = options.shard;
    process.stderr.write(
      `share ${number} of ${count} is done; when all shares are done (and merged with "sgpt-bench merge" if they are in several ` +
        'folders), run the same command without --shard to evaluate them\n',
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
  const folder = printable(options.output);
  process.stderr.write(`results in ${folder}; make a report with: sgpt-bench report ${folder}\n`);
}
