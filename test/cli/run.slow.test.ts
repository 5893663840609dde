import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ResultRecord } from '../../src/results/record.js';
import { runCli, startCli } from '../helpers/cli.js';
import { temporaryFolder } from '../helpers/folder.js';
import { smallModels, writeSmallTask } from '../helpers/small-task.js';

let task: string;
beforeAll(async () => {
  task = mkdtempSync(join(tmpdir(), 'sgpt-bench-cli-'));
  await writeSmallTask(task);
});
afterAll(() => {
  rmSync(task, { recursive: true });
});

/** The bytes of every run file and per-query file below a folder, by path. */
function runsOf(folder: string): Record<string, string> {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.gz'));
  return Object.fromEntries(files.sort().map((file) => [file, readFileSync(join(folder, file), 'base64')]));
}

describe('run', () => {
  it('runs retrieval and re-ranking and prints a table of them', async () => {
    const output = temporaryFolder();
    const args = ['run', '--task', task, '--output', output, '--threads', '2'];
    const retrieval = await runCli([
      ...args,
      '--model',
      smallModels.biEncoder,
      '--pooling',
      'weightedmean,lasttoken',
      '--runner',
      'bm25,bi-encoder',
    ]);
    expect(retrieval).toMatchObject({ status: 0 });
    expect(retrieval.stdout).toMatch(/BM25 elasticsearch/);
    expect(retrieval.stdout).toMatch(/lasttoken/);
    const reranking = await runCli([
      ...args,
      '--model',
      smallModels.causal,
      '--runner',
      'cross-encoder,oracle',
      '--depth',
      '10',
      '--json',
    ]);
    expect(reranking.status).toBe(0);
    const records = JSON.parse(reranking.stdout) as ResultRecord[];
    expect(records.map(({ system }) => system.runner)).toEqual(['cross-encoder', 'oracle']);
    expect(records[0]).toMatchObject({ firstStage: { depth: 10, name: 'BM25 elasticsearch' }, mainMeasure: 'nDCG@10' });
    expect(records[0]!.provenance.command).toContain('--runner cross-encoder,oracle --depth 10 --json');
  });

  it('re-ranks a TREC run file', async () => {
    const output = temporaryFolder();
    await runCli(['run', '--task', task, '--output', output, '--runner', 'bm25']);
    const folder = readdirSync(output, { recursive: true, encoding: 'utf8' }).find((file) =>
      file.endsWith('run.trec.gz'),
    )!;
    const args = ['run', '--task', task, '--output', output, '--runner', 'oracle', '--json'];
    const fromFile = await runCli([...args, '--first-stage', join(output, folder)]);
    const fromBm25 = await runCli(args);
    const [a, b] = [fromFile, fromBm25].map(({ stdout }) => (JSON.parse(stdout) as ResultRecord[])[0]!);
    expect(a!.firstStage!.name).toBe('run.trec.gz');
    expect(a!.firstStage!.checksum).toBe(b!.firstStage!.checksum);
    expect(a!.measures).toEqual(b!.measures);
  });

  it('goes on after an interruption and ends with the same bytes', async () => {
    const [broken, whole] = [temporaryFolder(), temporaryFolder()];
    const args = [
      'run',
      '--task',
      'demo/computing',
      '--model',
      smallModels.causal.replace('170k', '4m'), // slow enough to be interrupted
      '--runner',
      'cross-encoder',
      '--threads',
      '1',
    ];
    const running = startCli([...args, '--output', broken]);
    await waitFor(() => readdirSync(broken, { recursive: true }).some((file) => String(file).endsWith('record.json')));
    running.process.kill('SIGINT');
    const stopped = await running.finished;
    const again = await runCli([...args, '--output', broken]);
    await runCli([...args, '--output', whole]);
    expect(stopped.status).toBe(130);
    expect(stopped.stderr).toMatch(/run the same command to go on/);
    expect(again.status).toBe(0);
    expect(runsOf(broken)).toEqual(runsOf(whole));
  });
});

describe('bad usage', () => {
  it.each<[string, string[], RegExp]>([
    [
      'an unknown pooling',
      ['--model', smallModels.biEncoder, '--pooling', 'weightdmean'],
      /unknown pooling "weightdmean", did you mean "weightedmean"\?/,
    ],
    ['an unknown runner', ['--runner', 'bm52'], /unknown runner "bm52", did you mean "bm25"\?/],
    [
      'an unknown measure',
      ['--runner', 'bm25', '--measure', 'nDGC@10'],
      /unknown measure "nDGC", did you mean "nDCG"\?/,
    ],
    ['an unknown profile', ['--profile', 'paper'], /'paper' is invalid.*sgpt-paper/],
    ['unknown BM25 settings', ['--runner', 'bm25', '--bm25', 'lucene'], /lucene.*elasticsearch/],
    ['a depth of 0', ['--depth', '0'], /--depth.*expected a whole number from 1, found "0"/],
    ['no model', ['--runner', 'bi-encoder'], /needs a model/],
    ['a model that is not there', ['--model', 'no/such/model'], /no\/such\/model/],
    ['a missing split', ['--split', 'dev'], /has no judgements for the split "dev"; available splits: test/],
    ['a missing run file', ['--runner', 'oracle', '--first-stage', 'none.trec'], /none\.trec: there is no such file/],
    ['an unknown option', ['--modle', 'x'], /unknown option '--modle'/],
  ])('%s is one sentence and exit code 2, and writes nothing', async (_, args, message) => {
    const output = join(temporaryFolder(), 'results');
    const { status, stdout, stderr } = await runCli(['run', '--task', task, '--output', output, ...args]);
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/^ {4}at /m);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    const records = existsSync(output)
      ? readdirSync(output, { recursive: true }).filter((file) => String(file).endsWith('.json'))
      : [];
    expect(records).toEqual([]);
  });

  it('names an unknown task', async () => {
    const { status, stderr } = await runCli(['run', '--task', 'demo/computng']);
    expect(status).toBe(2);
    expect(stderr).toMatch(/demo\/computing/);
  });
});

describe('starting up', () => {
  const preload = { NODE_OPTIONS: `--require ${join(import.meta.dirname, '../helpers/native-libraries.cjs')}` };

  it('shows the verbs without loading a model runtime', async () => {
    const { status, stdout, stderr } = await runCli(['--help'], preload);
    expect(status).toBe(0);
    for (const verb of ['demo', 'run', 'evaluate', 'report']) expect(stdout).toContain(verb);
    expect(stderr).toMatch(/native libraries: .*libc/);
    expect(stderr).not.toMatch(/onnxruntime/);
  });

  it('loads the runtime for a model', async () => {
    const args = ['run', '--task', task, '--model', smallModels.biEncoder, '--output', temporaryFolder()];
    const { stderr } = await runCli(args, preload);
    expect(stderr).toMatch(/native libraries: .*onnxruntime/);
  });
});

async function waitFor(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 1200 && !condition(); i++) await new Promise((resolve) => setTimeout(resolve, 25));
}
