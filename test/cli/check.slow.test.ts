import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RetrievalTask } from '../../src/core/dataset.js';
import { profileByName } from '../../src/core/profile.js';
import { rank, type Ranking } from '../../src/core/run.js';
import type { Runner } from '../../src/core/runner.js';
import { runOnTask } from '../../src/pipeline/stored-result.js';
import { RandomSource } from '../../src/measures/random.js';
import type { CheckReport } from '../../src/results/check/check-report.js';
import { loadResults } from '../../src/results/store.js';
import { bm25Runner } from '../../src/runners/bm25.js';
import { runCli, type CliResult } from '../helpers/cli.js';
import { temporaryFolder, writeFiles } from '../helpers/folder.js';
import { recordingProgress } from '../helpers/progress.js';
import { openRetrieval } from '../helpers/tasks.js';

const bm25 = 'BM25 elasticsearch';
let folder: string;
let results: string;
let baseline: string;
/** Results that lack the one of the baseline. */
let worse: string;
let task: RetrievalTask;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sgpt-bench-check-'));
  results = join(folder, 'results');
  baseline = join(folder, 'baseline.json');
  task = await openRetrieval('demo/computing');
  await bench(results, bm25Runner('elasticsearch', 1));
  worse = join(folder, 'worse');
  await bench(worse, bm25Runner('anserini-flat', 1));
  const { status } = await runCli(['check', '--baseline', baseline, '--results', results, '--update']);
  expect(status).toBe(0);
});

afterAll(async () => {
  await task.corpus.close();
  rmSync(folder, { recursive: true });
});

/** Runs a runner on the demonstration set through the pipeline. */
async function bench(output: string, runner: Runner, profile = 'sgpt-paper'): Promise<void> {
  const settings = {
    measures: ['nDCG@10', 'R@100'],
    topK: 1000,
    output,
    overwrite: false,
  };
  const progress = recordingProgress();
  await runOnTask(runner, task, null, settings, {
    profile: profileByName(profile),
    progress,
    command: 'sgpt-bench run',
    threads: 1,
  });
}

/** BM25 under its own name, with each ranking changed and one setting that says so. */
function changed(change: (ranking: Ranking, index: number) => Ranking): Runner {
  const inner = bm25Runner('elasticsearch', 1);
  const [own] = inner.systemsOn(task);
  const system = { ...own!, settings: { ...own!.settings, change: change.name } };
  return {
    systemsOn: () => [system],
    async run(...args) {
      const [result] = await inner.run(...args);
      if (result?.output.kind !== 'ranking') throw new Error('expected a ranking');
      const run = new Map(Array.from(result.output.run, ([id, ranking], i) => [id, change(ranking, i)]));
      return [{ ...result, system, output: { kind: 'ranking', run } }];
    },
    close: () => inner.close(),
  };
}

const random = new RandomSource(5);
const shuffledScores = ({ ids, scores }: Ranking): Ranking =>
  rank(
    ids,
    Float32Array.from(scores).map(() => random.below(1 << 20)),
  );
/** In every third query, two neighbours among the first ten change places: about as many get better as worse. */
const noise = ({ ids, scores }: Ranking, index: number): Ranking => {
  const at = random.below(Math.min(9, ids.length - 1));
  if (index % 3 > 0 || ids.length < 2) return { ids, scores };
  const swapped = [...ids];
  [swapped[at], swapped[at + 1]] = [swapped[at + 1]!, swapped[at]!];
  return { ids: swapped, scores: Float32Array.from(ids, (_, i) => ids.length - i) };
};

function check(from: string, ...args: string[]): Promise<CliResult> {
  return runCli(['check', '--baseline', baseline, '--results', from, ...args], { GITHUB_STEP_SUMMARY: '' });
}

async function outcomes(from: string, ...args: string[]): Promise<unknown> {
  const { status, stdout } = await check(from, '--json', ...args);
  const [report] = JSON.parse(stdout) as CheckReport[];
  return { status, outcomes: report!.cases.map(({ system, outcome }) => `${system}: ${outcome}`) };
}

describe('the gate', () => {
  it('passes the same results', async () => {
    const { status, stdout } = await check(results);
    expect(status).toBe(0);
    expect(stdout).toMatch(/ok +demo\/computing +BM25 elasticsearch +nDCG@10 .* 0\.0000 +1\.0000 +equal/);
    expect(stdout.trimEnd().split('\n').at(-1)).toBe('2 passed');
  });

  it('fails a run that was worsened on purpose, for that reason, in every format', async () => {
    const output = temporaryFolder();
    await bench(output, changed(shuffledScores));
    const [junit, summary, step] = ['check.xml', 'summary.md', 'step.md'].map((name) => join(output, name)) as [
      string,
      string,
      string,
    ];
    await writeFile(step, '# Before\n');
    const { status, stdout } = await runCli(
      ['check', '--baseline', baseline, '--results', output, '--junit', junit, '--summary', summary, '--annotate'],
      { GITHUB_STEP_SUMMARY: step },
    );
    expect(status).toBe(1);
    const reason = /nDCG@10 fell from 0\.\d+ to 0\.\d+ \(-0\.\d+, p 0\.000\d; of 60 queries 0 better, \d+ worse\)/;
    expect(stdout).toMatch(new RegExp(`^FAIL demo/computing: BM25 elasticsearch: ${reason.source}; worst: q\\d+`, 'm'));
    expect(stdout).toContain('differs: change: none, now shuffledScores');
    expect(stdout).toMatch(/^::error title=Baseline .*%3A dropped::demo\/computing: BM25 elasticsearch: nDCG@10 fell/m);
    expect(readFileSync(junit, 'utf8')).toMatch(/<failure type="dropped" message="nDCG@10 fell from/);
    expect(readFileSync(summary, 'utf8')).toMatch(/^\| ❌ \| demo\/computing \| BM25 elasticsearch \| nDCG@10 \|/m);
    expect(readFileSync(step, 'utf8')).toBe(`# Before\n${readFileSync(summary, 'utf8')}`);
  });

  it('is not tripped by noise alone', async () => {
    const output = temporaryFolder();
    await bench(output, changed(noise));
    const { status, stdout } = await check(output, '--json', '--max-drop', '0');
    const [report] = JSON.parse(stdout) as CheckReport[];
    expect(status).toBe(0);
    expect(report!.cases.map(({ measure }) => measure)).toEqual(['nDCG@10', 'R@100']);
    expect(report!.cases[0]!.outcome).not.toBe('equal');
    expect(report!.cases[0]!.p).toBeGreaterThan(0.05);
  });

  it('fails a missing result, and reports a new one', async () => {
    const output = temporaryFolder();
    await bench(output, bm25Runner('anserini-flat', 1));
    expect(await outcomes(output)).toEqual({
      status: 1,
      outcomes: [`${bm25}: missing`, 'BM25 anserini-flat: new'],
    });
  });

  it('fails a result of another profile', async () => {
    const output = temporaryFolder();
    await bench(output, bm25Runner('elasticsearch', 1), 'trec_eval');
    expect(await outcomes(output)).toEqual({ status: 1, outcomes: [`${bm25}: not comparable`] });
  });

  it('fails a damaged result with the reason, and writes no baseline of it', async () => {
    const output = temporaryFolder();
    await cp(results, output, { recursive: true });
    const [one] = await loadResults(output);
    await rm(join(one!.folder, 'run.trec.gz'));
    const { status, stdout } = await check(output);
    expect(status).toBe(1);
    expect(stdout).toMatch(/^FAIL .*run\.trec\.gz is missing; run the task again$/m);
    const own = join(output, 'baseline.json');
    const update = await runCli(['check', '--baseline', own, '--results', output, '--update']);
    expect(update.status).toBe(2);
    expect(update.stderr).toMatch(/no baseline was written, .* is damaged: run\.trec\.gz is missing/);
    expect(existsSync(own)).toBe(false);
    for (const command of [
      ['report', output, '--output', join(output, 'report')],
      ['compare', output, results],
    ]) {
      const refused = await runCli(command);
      expect(refused).toMatchObject({ status: 2, stdout: '' });
      expect(refused.stderr).toMatch(/run\.trec\.gz is missing/);
    }
  });

  it('gates the measures that are chosen', async () => {
    const own = join(temporaryFolder(), 'baseline.json');
    const update = (...args: string[]): Promise<CliResult> =>
      runCli(['check', '--baseline', own, '--results', results, '--update', ...args]);
    expect((await update('--measure', 'R@10')).stderr).toMatch(/unknown measure of these results "R@10"/);
    expect(await update('--measure', 'R@100')).toMatchObject({ status: 0 });
    const { stdout } = await runCli(['check', '--baseline', own, '--results', results, '--json']);
    expect((JSON.parse(stdout) as CheckReport[])[0]!.cases.map(({ measure }) => measure)).toEqual(['R@100']);
  });

  it('rewrites the baseline when asked to, and then passes', async () => {
    const output = temporaryFolder();
    const own = join(output, 'baseline.json');
    await cp(baseline, own);
    await bench(output, changed(shuffledScores));
    const update = await runCli(['check', '--baseline', own, '--results', output, '--update']);
    expect(update.status).toBe(0);
    expect(update.stdout).toMatch(/FAIL .* dropped/);
    expect(update.stderr).toContain('baseline.json: 1 results');
    expect(await runCli(['check', '--baseline', own, '--results', output])).toMatchObject({ status: 0 });
  });
});

describe("the exit status is the command's, whatever becomes of its output", () => {
  const main = join(import.meta.dirname, '../../dist/cli/main.js');
  /** Runs a check in a shell with its output sent elsewhere; prints the status of the check itself. */
  function shell(from: string, redirection: string): { status: string; stderr: string } {
    const command = `node ${main} check --baseline ${baseline} --results ${from}`;
    const script = `${command} ${redirection}; echo "\${PIPESTATUS[0]}" >&3`;
    const { output } = spawnSync('bash', ['-c', script], {
      stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
      encoding: 'utf8',
    });
    return { status: output[3]!.trim(), stderr: output[2]! };
  }

  it.each([
    ['a reader that reads nothing', '| true', '', '0'],
    ['a reader that reads one line', '| head -n 1', '', '0'],
    ['a full disk', '> /dev/full', 'sgpt-bench: standard output cannot be written (ENOSPC', '2'],
    ['no output at all', '>&-', '', '0'],
  ])('%s', (_, redirection, message, whenPassed) => {
    const passed = shell(results, redirection);
    expect(passed.status).toBe(whenPassed);
    const failed = shell(worse, redirection);
    expect(failed.status).toBe('1');
    for (const { stderr } of [passed, failed]) {
      expect(stderr.startsWith(message)).toBe(true);
      expect(stderr.split('\n')).toHaveLength(message === '' ? 1 : 2);
    }
  });
});

describe('bad input', () => {
  it.each<[string, string[], RegExp]>([
    ['nothing to check against', [], /--baseline FILE, or --published/],
    ['an update without a baseline', ['--published', '--update'], /--update has no use without --baseline/],
    ['two checks at once', ['--baseline', 'b.json', '--published'], /--baseline and --published are two checks/],
    [
      'a tolerance without published scores',
      ['--baseline', 'b.json', '--tolerance', '0.1'],
      /--tolerance has no use without --published/,
    ],
    ['a drop without a baseline', ['--published', '--max-drop', '0.1'], /--max-drop has no use without --baseline/],
    ['an alpha without a baseline', ['--published', '--alpha', '0.1'], /--alpha has no use without --baseline/],
    [
      'a large drop without a baseline',
      ['--published', '--large-drop', '0.1'],
      /--large-drop has no use without --baseline/,
    ],
    ['the newest without a baseline', ['--published', '--newest'], /--newest has no use without --baseline/],
    [
      'measures without an update',
      ['--baseline', 'b.json', '--measure', 'R@100'],
      /--measure has no use without --update/,
    ],
    ['an alpha that no p can reach', ['--baseline', 'b.json', '--alpha', '0'], /--alpha.*from 0\.001 to 1, found "0"/],
    [
      'a drop of more than everything',
      ['--baseline', 'b.json', '--max-drop', '5'],
      /--max-drop.*from 0 to 1, found "5"/,
    ],
    [
      'limits that contradict each other',
      ['--baseline', 'b.json', '--max-drop', '0.1'],
      /the large drop is 0\.05; expected a number from the max drop \(0\.1\)/,
    ],
    ['a baseline that is not there', ['--baseline', 'none.json'], /none\.json: there is no such file/],
    ['a drop that is no number', ['--baseline', 'b.json', '--max-drop', '1%'], /--max-drop.*found "1%"/],
    ['an alpha above 1', ['--baseline', 'b.json', '--alpha', '5'], /--alpha.*from 0\.001 to 1, found "5"/],
  ])('%s is one sentence and exit code 2', async (_, args, message) => {
    const { status, stdout, stderr } = await runCli(['check', '--results', results, ...args]);
    expect(stderr).toMatch(message);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  });

  it('names an empty results folder', async () => {
    const { status, stderr } = await check(temporaryFolder());
    expect(status).toBe(2);
    expect(stderr).toMatch(/holds no results/);
  });

  it('says which field of a baseline is wrong', async () => {
    const other = join(temporaryFolder(), 'other.json');
    await writeFile(other, (await readFile(baseline, 'utf8')).replace('"version": 2', '"version": 9'));
    const { status, stderr } = await runCli(['check', '--baseline', other, '--results', results]);
    expect(status).toBe(2);
    expect(stderr).toMatch(/other\.json: field "version": found 9; this program reads baselines of version 2/);
    const update = await runCli(['check', '--baseline', other, '--results', results, '--update']);
    expect(update.status).toBe(0);
    expect(readFileSync(other, 'utf8')).toBe(readFileSync(baseline, 'utf8'));
  });

  it('does not overwrite what is no baseline', async () => {
    const target = temporaryFolder();
    await writeFiles(target, { 'package.json': '{"name": "mine"}' });
    const path = join(target, 'package.json');
    const { status } = await runCli(['check', '--baseline', path, '--results', results, '--update']);
    expect(status).toBe(2);
    expect(readFileSync(path, 'utf8')).toBe('{"name": "mine"}');
  });

  it('has no published score to hold the demonstration against', async () => {
    const { status, stderr } = await runCli(['check', '--published', '--results', results]);
    expect(status).toBe(2);
    expect(stderr).toMatch(/none of the 1 results has a published score/);
  });
});

describe('the workflow in docs/ci.md', () => {
  const commands = readFileSync(join(import.meta.dirname, '../../docs/ci.md'), 'utf8')
    .split('```')[1]!
    .split('\n')
    .flatMap((line) => /- run: (.*)/.exec(line)?.[1] ?? []);

  it('runs only what there is', () => {
    const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> };
    for (const command of commands) {
      const script = /^npm run (\S+)/.exec(command)?.[1];
      if (script !== undefined) expect(Object.keys(scripts)).toContain(script);
      else expect(command).toMatch(/^(npm ci|node dist\/cli\/main\.js (demo|check) .*)$/);
    }
    expect(commands).toHaveLength(4);
  });

  it('checks with options that work, and writes its files', async () => {
    const junit = join(temporaryFolder(), 'reports/check.xml');
    const values: Record<string, string> = {
      'results/baseline/demo.json': baseline,
      'results/demo': results,
      'reports/check.xml': junit,
    };
    const words = commands
      .find((command) => command.includes('main.js check'))!
      .split(' ')
      .slice(2);
    const result = await runCli(words.map((word) => values[word] ?? word));
    expect(result).toMatchObject({ status: 0, stderr: '' });
    expect(existsSync(junit)).toBe(true);
    const demo = commands
      .find((command) => command.includes('main.js demo'))!
      .split(' ')
      .slice(2);
    expect(await runCli([...demo, '--help'])).toMatchObject({ status: 0 });
  });
});
