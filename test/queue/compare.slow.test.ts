import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { hashOfBuild } from '../../src/io/build-id.js';
import { loadResults } from '../../src/results/store.js';
import { runCli, startCli, type RunningCli } from '../helpers/cli.js';
import { temporaryFolder } from '../helpers/folder.js';
import { smallModels, writeSmallTask } from '../helpers/small-task.js';
import { expectSameResults } from './results.js';
import { hasRedis, startRedis } from './redis.js';
import { copyProgram, wrongVectors } from './second-program.js';

const dist = join(import.meta.dirname, '../../dist');

interface Bench {
  readonly path: (name: string) => string;
  readonly how: readonly string[];
  readonly queue: readonly string[];
  readonly work: (program?: string) => RunningCli;
}

/** A small task, a queue and a store. */
async function openBench(): Promise<Bench> {
  const folder = temporaryFolder();
  const path = (name: string): string => join(folder, name);
  await writeSmallTask(path('small'));
  const redis = await startRedis(path('redis'));
  const queue = ['--queue', redis.url, '--store', path('store')];
  return {
    path,
    queue,
    how: ['run', '--task', path('small'), '--model', smallModels.biEncoder, '--threads', '1'],
    work(program) {
      const cli = startCli(['worker', ...queue, '--threads', '1', '--allow', folder], {}, program);
      onTestFinished(() => void cli.process.kill('SIGKILL'));
      return cli;
    },
  };
}

describe.skipIf(!hasRedis)('a worker with one changed line (needs redis-server)', () => {
  it('is refused by its build, and others do its work', { timeout: 120_000 }, async () => {
    const { path, how, queue, work } = await openBench();
    const changed = copyProgram(path('changed'), [wrongVectors]);
    const run = startCli([...how, ...queue, '--shard-size', '8', '--output', path('queued')]);
    onTestFinished(() => void run.process.kill('SIGKILL'));
    const refused = await work(changed).finished;
    const [own, other] = [await hashOfBuild(path('changed/dist')), await hashOfBuild(dist)];
    expect(refused.status).toBe(2);
    const sentence =
      `this worker is build ${own.slice(0, 8)}, the run build ${other.slice(0, 8)} of the same version; ` +
      'install the same package with the same package-lock.json on all machines';
    expect(refused.stderr).toContain(`sgpt-bench: ${sentence}\n`);
    work();
    const { status, stderr } = await run.finished;
    expect(status, stderr).toBe(0);
    expect(stderr).toContain(`was refused: ${sentence}`);
    expect(stderr).toMatch(
      /none of 9 shards was computed a second time to be compared, as no second worker was there and free/,
    );
    const alone = await runCli([...how, '--output', path('alone')]);
    expect(alone.status, alone.stderr).toBe(0);
    await expectSameResults(path('queued'), path('alone'));
  });
});

describe.skipIf(!hasRedis)('shards that two workers compute (need redis-server)', () => {
  it('are as many as asked for, and equal', { timeout: 120_000 }, async () => {
    const { path, how, queue, work } = await openBench();
    work();
    work();
    const shared = [...how, ...queue, '--shard-size', '8', '--recheck', '0.5', '--output', path('queued')];
    const { status, stderr } = await runCli(shared);
    expect(status, stderr).toBe(0);
    const [, compared] =
      /(\d+) of 9 shards were computed by a second worker, too: all bits are equal/.exec(stderr) ?? [];
    expect(Number(compared), stderr).toBeGreaterThan(1);
    expect(Number(compared)).toBeLessThan(9);
    const [result] = await loadResults(path('queued'));
    expect(result!.record.provenance).toMatchObject({
      recheck: { compared: Number(compared), differing: 0, largestDifference: 0 },
      makers: [{ build: await hashOfBuild(dist), shards: 9 }],
    });
    const none = await runCli([...how, ...queue, '--recheck', '0', '--output', path('none'), '--pooling', 'mean']);
    expect(none.status, none.stderr).toBe(0);
    expect(none.stderr).not.toMatch(/second/);
  });

  it('end the run if they differ, naming both workers', { timeout: 120_000 }, async () => {
    const { path, how, queue, work } = await openBench();
    const build = await hashOfBuild(dist);
    // A machine that computes wrong numbers with the right program: it claims the right build.
    const claim = { file: 'io/build-id.js', from: 'hashOfBuild(ownFolder)', to: `Promise.resolve('${build}')` };
    const workers = [work(), work(copyProgram(path('wrong'), [wrongVectors, claim]))];
    const { status, stderr } = await runCli([...how, ...queue, '--shard-size', '8', '--output', path('queued')]);
    expect(status, stderr).toBe(2);
    const last = stderr.trimEnd().split('\n').at(-1)!;
    expect(last).toMatch(
      /small: (queries|documents) \d+ to \d+: what worker .* and worker .* computed differs by 3\.3e-1/,
    );
    for (const { process } of workers) expect(last).toMatch(new RegExp(`worker [^ ]+:${process.pid} `));
  });

  it('are not asked for without workers', async () => {
    const folder = temporaryFolder();
    const run = ['run', '--task', 'demo/computing', '--runner', 'bm25', '--recheck', '0.1', '--output', folder];
    const { status, stderr } = await runCli(run);
    expect(status).toBe(2);
    expect(stderr).toContain('--recheck is for --queue: without workers nothing is computed twice; leave it out');
  });
});
