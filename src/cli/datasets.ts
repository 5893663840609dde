import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { beirCatalogue, beirEntry, parseBeirTask, type BeirEntry } from '../suites/beir/catalogue.js';
import { exitCodes } from './exit-codes.js';
import { interruptible } from './interrupt.js';
import { stderrProgress } from './progress.js';
import { printJson, printTable } from './table.js';

/** Another source of data sets than the published addresses. */
const mirrorVariable = 'SGPT_BENCH_MIRROR';

/** `sgpt-bench datasets`: what there is, and getting and checking it. */
export function datasetsCommand(): Command {
  const command = new Command('datasets').description("list, download and check BEIR's data sets");
  const folder = ['--datasets-dir <dir>', 'where data sets lie', 'datasets'] as const;
  command
    .command('list')
    .description('all data sets with their sizes')
    .option(...folder)
    .option('--json', 'print the catalogue as JSON')
    .action(list);
  command
    .command('info')
    .description('what the catalogue says about a data set')
    .argument('<name>')
    .option('--json', 'print the entry as JSON')
    .action(info);
  command
    .command('download')
    .description('download data sets, going on where an earlier download stopped')
    .argument('<name...>', "names of BEIR's data sets, or useb")
    .option(...folder)
    .option('--mirror <source>', `an address with NAME.zip, hub, or hub+ADDRESS (default: $${mirrorVariable})`)
    .option('--quiet', 'no progress')
    .action(download);
  command
    .command('verify')
    .description('read data sets line by line and compare their counts with the catalogue')
    .argument('<name...>', "names of BEIR's data sets, or useb")
    .option(...folder)
    .option('--json', 'print the counts as JSON')
    .action(verify);
  return command;
}

function list({ datasetsDir, json }: { datasetsDir: string; json?: boolean }): void {
  if (json === true) {
    printJson(beirCatalogue);
    return;
  }
  const rows = beirCatalogue.map((entry) => {
    const { name, archive, splits, defaultSplit } = entry;
    const queries = splits[defaultSplit]?.queries ?? null;
    const state = existsSync(join(datasetsDir, name)) ? 'there' : archive === null ? 'bring it' : 'download';
    return [`beir/${name}`, number(documentsOf(entry)), number(queries), defaultSplit, megabytes(archive), state];
  });
  printTable([['task', 'documents', 'queries', 'split', 'archive', 'state'], ...rows], [1, 2, 4]);
}

function info(name: string, { json }: { json?: boolean }): void {
  const entry = beirEntry(name);
  if (json === true) {
    printJson(entry);
    return;
  }
  const splits = Object.entries(entry.splits).map(
    ([split, { queries, judgements }]) => `${split} ${number(queries)}/${number(judgements)}`,
  );
  printTable([
    ['task', entry.parts.length === 0 ? `beir/${entry.name}` : `beir/${entry.name} (each of its parts, or all)`],
    ['title', entry.title],
    ['aliases', entry.aliases.join(', ') || 'none'],
    ['documents', number(documentsOf(entry))],
    ['queries/judgements', `${splits.join(', ')}; reported: ${entry.defaultSplit}`],
    ...entry.parts.map((part) => [
      `  ${part.name}`,
      `${number(part.documents)} documents, ${number(part.queries)} queries, ${number(part.judgements)} judgements`,
    ]),
    ['archive', entry.archive === null ? `none: ${entry.howToBring}` : entry.archive.url],
    ['size', megabytes(entry.archive)],
    ['MD5', entry.archive?.md5 ?? '?'],
    ['SHA-256', entry.archive?.sha256 ?? '?'],
    ...(entry.archive?.wrongMd5 ?? []).map(({ md5, why }) => ['not', `MD5 ${md5}: ${why}`]),
    ['hub', entry.hub === null ? 'none' : `${entry.hub}, ${entry.hub}-qrels`],
    ['identical ids', entry.removesIdenticalIds ? 'mteb removes them' : 'mteb keeps them'],
    ['average of 18', entry.inAverage ? 'yes' : 'no'],
    ['licence', entry.licence ?? '? (see the homepage)'],
    ['homepage', entry.homepage],
    ['citation', entry.citation],
  ]);
}

async function download(
  names: string[],
  { datasetsDir, mirror, quiet }: { datasetsDir: string; mirror?: string; quiet?: boolean },
): Promise<void> {
  const entries = entriesOf(names);
  const { downloadDatasets } = await import('../suites/download.js');
  const fromEnvironment = process.env[mirrorVariable];
  const source = mirror ?? (fromEnvironment === '' ? undefined : fromEnvironment);
  const progress = stderrProgress(quiet === true);
  const folders = await interruptible((signal) =>
    downloadDatasets(entries, { datasetsDir, mirror: source, progress, signal }),
  );
  for (const folder of folders) process.stdout.write(`${folder}\n`);
}

async function verify(names: string[], { datasetsDir, json }: { datasetsDir: string; json?: boolean }): Promise<void> {
  const { verifyDataset, verifyUseb } = await import('../suites/verify.js');
  const checks = [];
  for (const entry of entriesOf(names)) {
    const found = await (entry === 'useb' ? verifyUseb(datasetsDir) : verifyDataset(entry, datasetsDir));
    for (const check of found) checks.push({ dataset: entry === 'useb' ? entry : entry.name, ...check });
  }
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

function entriesOf(names: readonly string[]): (BeirEntry | 'useb')[] {
  return [...new Set(names.map((name) => (name === 'useb' ? name : (parseBeirTask(name)?.entry ?? beirEntry(name)))))];
}

function documentsOf({ documents, parts }: BeirEntry): number | null {
  return parts.length === 0 ? documents : parts.reduce((sum, part) => sum + part.documents, 0);
}

function number(value: number | null): string {
  return value === null ? '?' : String(value);
}

function megabytes(archive: BeirEntry['archive']): string {
  return archive === null ? '-' : `${(archive.bytes / 1e6).toFixed(1)} MB`;
}
