import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { runCli, type CliResult } from '../helpers/cli.js';
import { temporaryFolder, writeFiles } from '../helpers/folder.js';
import { writeSmallTask } from '../helpers/small-task.js';

const root = join(import.meta.dirname, '../..');

/** Expects one sentence and exit status 2. */
function expectSentence({ status, stderr }: CliResult, sentence: RegExp): void {
  expect([status, stderr]).toEqual([2, expect.stringMatching(sentence)]);
  expect(stderr.trimEnd().split('\n').at(-1)).toMatch(/^sgpt-bench: /);
  expect(stderr).not.toMatch(/\n\s+at /);
}

async function smallTask(): Promise<{ folder: string; run: (output: string) => string[] }> {
  const folder = temporaryFolder();
  await writeSmallTask(join(folder, 'task'));
  const run = (output: string): string[] => [
    'run',
    '--task',
    join(folder, 'task'),
    '--runner',
    'bm25',
    '--quiet',
    '--threads',
    '1',
    '--output',
    output,
  ];
  return { folder, run };
}

/** Mounts a file system of a given size, in KB, for the running test; false where this user may not. */
function mountDisk(folder: string, size: number): boolean {
  mkdirSync(folder);
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size}k`, 'tmpfs', folder]).status === 0;
  if (mounted) onTestFinished(() => void spawnSync('umount', ['--lazy', folder]));
  return mounted;
}

describe('an output folder that cannot be made', () => {
  it('is named before the data is read, by run, report and merge', async () => {
    const { folder, run } = await smallTask();
    writeFileSync(join(folder, 'file'), '');
    symlinkSync('loop', join(folder, 'loop'));
    // Data that would be an error of its own, if it was read first.
    writeFileSync(join(folder, 'task/corpus.jsonl'), 'broken');
    const places: [string, RegExp][] = [
      [join(folder, 'file/results'), /file: cannot be created \(there is a file in its place\)/],
      [join(folder, 'loop/results'), /loop\/results: .*symbolic links lead back to themselves/],
      ['/dev/full', /\/dev\/full: cannot be created/],
      ...(existsSync('/proc/self')
        ? [['/proc/nothing/results', /\/proc\/nothing: cannot be created/] as [string, RegExp]]
        : []),
    ];
    for (const [output, sentence] of places) {
      expectSentence(await runCli(run(output)), sentence);
      expectSentence(await runCli(['report', folder, '--output', output]), sentence);
      expectSentence(await runCli(['merge', folder, '--output', output]), sentence);
    }
    expect(readdirSync(folder).sort()).toEqual(['file', 'loop', 'task']);
  });
});

describe('a full disk', () => {
  it('is told by run and report, and leaves nothing that counts as a result', async ({ skip }) => {
    const { folder, run } = await smallTask();
    const disk = join(folder, 'disk');
    if (!mountDisk(disk, 64)) skip('this user may not mount a small disk');
    expect((await runCli(run(join(folder, 'results')))).status).toBe(0);
    // Room for the probe and for folders, but not for a page with its libraries.
    const report = ['report', join(folder, 'results'), '--output', join(disk, 'report')];
    expectSentence(await runCli(report), /index\.html: cannot be written \(the disk is full\); free disk space/);
    writeFileSync(join(disk, 'filler'), Buffer.alloc(56 << 10));
    expectSentence(await runCli(run(join(disk, 'results'))), /disk\/.*: cannot be written \(the disk is full\)/);
    expect(readdirSync(disk, { recursive: true }).join()).not.toMatch(/record\.json|index\.html/);
  });
});

describe('too few open files', () => {
  it('are told by bm25', async () => {
    const { folder, run } = await smallTask();
    const args = [join(root, 'dist/cli/main.js'), ...run(join(folder, 'results'))];
    const command = ['ulimit -n 60; exec "$0" "$@"', process.execPath, ...args];
    const { status, stderr } = spawnSync('bash', ['-c', ...command], { encoding: 'utf8' });
    expectSentence({ status: status!, stdout: '', stderr }, /too many files are open in this process; raise the limit/);
  });
});

describe('paths and names from files', () => {
  it('that hold a NUL or lead in a circle are told', async () => {
    const { folder } = await smallTask();
    symlinkSync('loop', join(folder, 'loop'));
    const task = (corpus: string): Record<string, string> => ({
      'task/task.json': JSON.stringify({ corpus, queries: 'queries.jsonl', qrels: 'qrels/test.tsv' }),
    });
    const run = ['run', '--task', join(folder, 'task/task.json'), '--output', join(folder, 'results')];
    await writeFiles(folder, task('corpus\0.jsonl'));
    expectSentence(await runCli(run), /the path holds a NUL character/);
    await writeFiles(folder, task('../loop/corpus.jsonl'));
    expectSentence(await runCli(run), /symbolic links lead back to themselves/);
  });

  it('reach the terminal cut, and without control characters', async () => {
    const folder = temporaryFolder();
    const name = `\x1b]0;title\x07\x1b[2J${'x'.repeat(1 << 20)}`;
    await writeFiles(folder, {
      'qrels.trec': `q1 0 d1 1\nq1 0 d1 1\n${name} 0 d1 1\n${name} 0 d1 2\n`,
      'run.trec': 'q1 Q0 d1 1 1 t\n',
    });
    const result = await runCli(['evaluate', join(folder, 'qrels.trec'), join(folder, 'run.trec')]);
    expectSentence(result, /query \\x1b\]0;title\\x07\\x1b\[2Jx+…x+, but grade 1 above; expected one grade/);
    expect(result.stderr.length).toBeLessThan(1000);
  });
});
