import { availableParallelism, tmpdir } from 'node:os';
import { Command, Option } from 'commander';
import { positive } from '../../src/cli/options.js';
import { unknownName } from '../../src/core/errors.js';
import type { JobOptions } from './harness/job.js';

/** What `npm run bench -- …` was asked for. */
export interface BenchRequest extends Omit<JobOptions, 'folder'> {
  readonly jobs: readonly string[];
  /** In which each job gets a folder of its own. */
  readonly folder: string;
  /** For the reports. */
  readonly output: string;
}

/** A job's name, what it measures, and whether it is part of "all". */
export type JobNames = Readonly<Record<string, { readonly about: string; readonly byNameOnly?: true }>>;

/**
 * Reads the command line.
 * @param args without the program's own name
 * @throws CommanderError after a sentence on stderr, or after the help, whose exit code is 0
 * @throws InputError for an unknown job
 */
export function parseRequest(args: readonly string[], known: JobNames): BenchRequest {
  const command = new Command('npm run bench --')
    .description('measures this program and others that do the same, on the same inputs, in turn')
    .argument('[job...]', 'what to measure (default: all but those marked *)')
    .addOption(
      new Option('--size <size>', 'small: some minutes in all; full: as in docs/performance.md')
        .choices(['small', 'full'])
        .default('small'),
    )
    .option('--threads <n>', 'threads of every program that takes a number', positive, availableParallelism())
    .option('--rounds <n>', 'rounds that count', positive, 3)
    .option('--folder <dir>', 'where inputs are written to, and removed from', tmpdir())
    .option('--output <dir>', 'where reports go', 'reports/bench')
    .addHelpText('after', `\n${jobList(known)}\n\n${peers}`)
    .showSuggestionAfterError()
    .exitOverride();
  command.parse(args, { from: 'user' });
  const unknown = command.args.find((name) => !Object.hasOwn(known, name));
  if (unknown !== undefined) throw unknownName('job', unknown, Object.keys(known));
  const all = Object.keys(known).filter((name) => known[name]!.byNameOnly !== true);
  return { ...command.opts<Omit<BenchRequest, 'jobs'>>(), jobs: command.args.length === 0 ? all : command.args };
}

const peers =
  'Python programs are measured where python3, or the interpreter that SGPT_BENCH_PYTHON names, has them ' +
  '(tools/bench/requirements.txt).';

function jobList(known: JobNames): string {
  const lines = Object.entries(known).map(
    ([name, { about, byNameOnly }]) => `  ${`${name}${byNameOnly === true ? ' *' : ''}`.padEnd(12)} ${about}`,
  );
  return ['Jobs:', ...lines].join('\n');
}
