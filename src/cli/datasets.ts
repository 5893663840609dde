import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { dataOf, suiteData, suites, type SuiteData } from '../suites/index.js';
import { exitCodes } from './exit-codes.js';
import { interruptible } from './interrupt.js';
import { positiveNumber } from './options.js';
import { stderrProgress } from './progress.js';
import { printJson, printTable } from './table.js';

/** Environment variable with the default of --mirror. */
const mirrorVariable = 'SGPT_BENCH_MIRROR';

/** `sgpt-bench datasets`: lists, downloads and checks data sets. */
export function datasetsCommand(): Command {
  const command = new Command();
  const folder = ['--datasets-dir <dir>', 'folder of the data sets', 'datasets'] as const;
  command
    .command('list')
    .description('list all data sets with their sizes')
    .option(...folder)
    .option('--json', 'print the catalogue as JSON')
    .action(list);
  command
    .command('info')
    .description('show the catalogue entry of a data set')
    .argument('<name>')
    .option('--json', 'print the entry as JSON')
    .action(info);
  command
    .command('download')
    .description('download data sets; resumes an interrupted download')
    .argument('<name...>', 'names of data sets: nfcorpus, useb …')
    .option(...folder)
    .option('--mirror <source>', `an address with NAME.zip, hub, or hub+ADDRESS (default: $${mirrorVariable})`)
    .option(
      '--max-gigabytes <n>',
      'largest file of unpublished size to accept (default: by the catalogue, or 200)',
      positiveNumber,
    )
    .option('--quiet', 'show no progress')
    .action(download);
  command
    .command('verify')
    .description('read every line of data sets and compare the counts with the catalogue')
    .argument('<name...>', 'names of data sets: nfcorpus, useb …')
    .option(...folder)
    .option('--json', 'print the counts as JSON')
    .action(verify);
  return command;
}

function list({ datasetsDir, json }: { datasetsDir: string; json?: boolean }): void {
  if (json === true) {
    printJson(suiteData.map(({ entry }) => entry));
    return;
  }
  const rows = suites.flatMap(({ name: suite, data }) =>
    data.map(({ name, documents, queries, split, archiveBytes, isPublic }) => {
      const state = existsSync(join(datasetsDir, name)) ? 'present' : isPublic ? 'download' : 'not public';
      const task = name === suite ? name : `${suite}/${name}`;
      return [task, number(documents), number(queries), split, megabytes(archiveBytes), state];
    }),
  );
  printTable([['task', 'documents', 'queries', 'split', 'archive', 'state'], ...rows], [1, 2, 4]);
}

function info(name: string, { json }: { json?: boolean }): void {
  const { entry, facts } = dataOf(name);
  if (json === true) printJson(entry);
  else printTable(facts);
}

interface DownloadCommandOptions {
  readonly datasetsDir: string;
  readonly mirror?: string;
  readonly maxGigabytes?: number;
  readonly quiet?: boolean;
}

async function download(
  names: string[],
  { datasetsDir, mirror, maxGigabytes, quiet }: DownloadCommandOptions,
): Promise<void> {
  const data = dataNamed(names);
  const { downloadAll } = await import('../suites/install.js');
  const fromEnvironment = process.env[mirrorVariable];
  const source = mirror ?? (fromEnvironment === '' ? undefined : fromEnvironment);
  const maxBytes = maxGigabytes === undefined ? undefined : maxGigabytes * 1e9;
  const progress = stderrProgress(quiet === true);
  const folders = await interruptible((signal) =>
    downloadAll(data, { datasetsDir, mirror: source, maxBytes, progress, signal }),
  );
  for (const folder of folders) process.stdout.write(`${folder}\n`);
}

async function verify(names: string[], { datasetsDir, json }: { datasetsDir: string; json?: boolean }): Promise<void> {
  const checks = [];
  for (const data of dataNamed(names))
    for (const check of await data.verify(datasetsDir)) checks.push({ dataset: data.name, ...check });
  if (json === true) printJson(checks);
  else {
    const rows = checks.map(({ dataset, what, found, expected, ok, note }) => {
      const verdict = ok ? (expected === null ? 'not known' : 'ok') : 'WRONG';
      return [dataset, what, number(found), number(expected), note === '' ? verdict : `${verdict} (${note})`];
    });
    printTable([['data set', 'count', 'found', 'expected', ''], ...rows], [2, 3]);
  }
  if (checks.some(({ ok }) => !ok)) process.exitCode = exitCodes.checkFailed;
}

function dataNamed(names: readonly string[]): SuiteData[] {
  return [...new Set(names.map(dataOf))];
}

function number(value: number | null): string {
  return value === null ? '?' : String(value);
}

function megabytes(bytes: number | null): string {
  return bytes === null ? '-' : `${(bytes / 1e6).toFixed(1)} MB`;
}
