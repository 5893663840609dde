import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ResultComparison } from '../../src/results/compare/comparison.js';
import { runCli } from '../helpers/cli.js';
import { smallModels, writeSmallTask } from '../helpers/small-task.js';

let folder: string;
let results: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sgpt-bench-compare-'));
  results = join(folder, 'results');
  const task = join(folder, 'small');
  const other = join(folder, 'other');
  await writeSmallTask(task, 12);
  await writeSmallTask(other, 5);
  const common = ['run', '--output', results, '--quiet', '--threads', '1', '--runner'];
  const models = ['--model', smallModels.biEncoder, '--pooling', 'mean,weightedmean'];
  const runs = await Promise.all([
    runCli([...common, 'bm25,bi-encoder', '--task', task, ...models]),
    runCli([...common, 'bm25', '--task', other]),
  ]);
  expect(runs.map(({ status }) => status)).toEqual([0, 0]);
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

const small = ['--task', 'small'];

describe('compare', () => {
  it('says what differs, how sure it is, and which queries moved with both rankings', async () => {
    const args = [...small, '--system', 'bm25', '--system', ' weightedmean', '--queries', '2'];
    const { status, stdout } = await runCli(['compare', results, results, ...args]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^A: BM25 elasticsearch on small \(test\), profile sgpt-paper: /);
    expect(stdout).toMatch(/^pooling +none +weightedmean$/m);
    expect(stdout).toMatch(
      /^Measure +A +B +B - A +95 % interval +t-test p +Holm +randomisation p +Holm +effect +better/m,
    );
    expect(stdout).toMatch(/^nDCG@10 +0\.\d{4} +0\.\d{4} +-0\.\d{4} +-0\.\d{4} to [+-]?0\.\d{4} .* \d+\/\d+\/\d+$/m);
    expect(stdout).toMatch(/12 queries are few/);
    expect(stdout).toMatch(/^ 1 +\[[0-9–]\] d\d+: .* \[[0-9–]\] d\d+: /m);
    expect(stdout.match(/^q\d+: /gm)).toHaveLength(2);
  });

  it('gives the same numbers every time, as JSON too', async () => {
    const args = ['compare', results, results, ...small, '--system', ' mean', '--system', ' weightedmean', '--json'];
    const [first, second] = await Promise.all([runCli(args), runCli(args)]);
    expect(first.stdout).toBe(second.stdout);
    const comparison = JSON.parse(first.stdout) as ResultComparison;
    expect(comparison.a.record.system.name).toMatch(/ mean$/);
    expect(comparison.differences.map(({ what }) => what)).toEqual(['system', 'pooling']);
    for (const { meanA, meanB, difference, wins, ties, losses, queries } of comparison.measures) {
      expect(difference).toBeCloseTo(meanB - meanA, 12);
      expect(wins + ties + losses).toBe(queries);
    }
    const ndcg = comparison.measures.find(({ measure }) => measure === 'nDCG@10')!;
    expect(ndcg.meanA).toBeCloseTo(comparison.a.record.measures['nDCG@10']!, 4);
  });

  it.each<[string, string[], RegExp]>([
    [
      'lists what is there where several results could be meant',
      [],
      /holds 4 results; .*small \(test\), BE .* mean.*/s,
    ],
    ['lists what is there where none is meant', ['--system', 'splade'], /holds no result of system "splade".*BM25/s],
    ['refuses a third system', ['--system', 'a', '--system', 'b', '--system', 'c'], /at most two/],
    [
      'refuses an unknown measure',
      [...small, '--system', 'bm25', '--measures', 'nDCG@11'],
      /unknown measure of both results "nDCG@11"/,
    ],
    ['refuses a number of queries that is none', ['--queries', 'all'], /expected a whole number from 0, found "all"/],
  ])('%s', async (_, args, message) => {
    const { status, stdout, stderr } = await runCli(['compare', results, results, ...args]);
    expect(stderr).toMatch(message);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  });

  it('refuses results of different data', async () => {
    const args = [join(results, 'small'), join(results, 'other'), '--system', 'bm25'];
    const { status, stderr } = await runCli(['compare', ...args]);
    expect(status).toBe(2);
    expect(stderr).toMatch(/are results of different data \(small and other: data checksum \w+ and \w+\)/);
  });
});
