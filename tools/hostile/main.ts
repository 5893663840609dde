import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import pLimit from 'p-limit';
import { positive, wholeNumber } from '../../src/cli/options.js';
import { runCase, type CaseResult } from './cases.js';
import { targetsOf } from './targets.js';
import { makeWorkspace } from './workspace.js';

interface Options {
  readonly count: number;
  readonly seed: number;
  readonly seconds: number;
  readonly mebibytes: number;
  readonly parallel: number;
  readonly only?: string;
  readonly keep?: boolean;
}

const { count, seed, seconds, mebibytes, parallel, only, keep } = new Command('test:hostile')
  .description(
    'changes files of every format that the program reads, and runs the command that reads them; expected are success with ' +
      'finite numbers, or one sentence and exit status 2',
  )
  .option('--count <n>', 'number of cases', positive, 300)
  .option('--seed <n>', 'number of the first case; a case depends on its number alone', wholeNumber(), 0)
  .option('--seconds <n>', 'time for a case', positive, 60)
  .option('--mebibytes <n>', 'memory for a case', positive, 1536)
  .option('--parallel <n>', 'cases at the same time', positive, availableParallelism())
  .option('--only <text>', 'only cases whose file or command contains this')
  .option('--keep', 'keep the folders of failed cases')
  .parse()
  .opts<Options>();

const scratch = mkdtempSync(join(tmpdir(), 'sgpt-bench-hostile-'));
const workspace = join(scratch, 'workspace');
await makeWorkspace(workspace);
const targets = targetsOf(workspace).filter(
  ({ file, command }) => only === undefined || [file, ...command].join(' ').includes(only),
);
const limit = pLimit(parallel);
const failed: CaseResult[] = [];
const endings = { done: 0, refused: 0 };
const options = { workspace, targets, scratch, limits: { seconds, mebibytes }, keep: keep === true };
await Promise.all(
  Array.from({ length: count }, (_, i) =>
    limit(async () => {
      const result = await runCase(seed + i, options);
      if (result.complaint !== null) report(result);
      else endings[result.outcome.status === 2 ? 'refused' : 'done']++;
    }),
  ),
);
rmSync(keep === true ? workspace : scratch, { recursive: true, force: true });
process.stdout.write(
  `${count} cases: ${endings.refused} refused with a sentence, ${endings.done} done, ${failed.length} failed` +
    `${keep === true && failed.length > 0 ? `; their folders are in ${scratch}` : ''}\n`,
);
process.exitCode = failed.length === 0 ? 0 : 1;

function report(result: CaseResult): void {
  failed.push(result);
  const { seed: number, target, outcome, complaint } = result;
  const last = JSON.stringify(outcome.stderr.slice(-600));
  process.stdout.write(`case ${number}: ${complaint}: ${target.command.join(' ')}, changed ${target.file}: ${last}\n`);
}
