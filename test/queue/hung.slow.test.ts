import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { runCli, startCli, type RunningCli } from '../helpers/cli.js';
import { temporaryFolder } from '../helpers/folder.js';
import { smallModels, writeLongTask } from '../helpers/small-task.js';
import { expectSameResults } from './results.js';
import { connectTo, hasRedis, startRedis } from './redis.js';

/** A process that ends with the test. */
function start(args: readonly string[], env: Readonly<Record<string, string>> = {}): RunningCli {
  const cli = startCli(args, env);
  onTestFinished(() => void cli.process.kill('SIGKILL'));
  return cli;
}

/** Process ids of a process's children that run a model. */
function modelProcesses({ process: { pid } }: RunningCli): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => {
      try {
        const parent = /^PPid:\s*(\d+)$/m.exec(readFileSync(`/proc/${name}/status`, 'utf8'))?.[1];
        return parent === String(pid) && readFileSync(`/proc/${name}/cmdline`, 'utf8').includes('session-worker');
      } catch {
        return false; // it has ended meanwhile
      }
    })
    .map(Number);
}

/** Stops a process's model process for good, as soon as there is one. */
async function stopModel(cli: RunningCli, when: () => Promise<boolean> | boolean): Promise<void> {
  while (modelProcesses(cli).length === 0 || !(await when())) await sleep(20);
  for (const pid of modelProcesses(cli)) process.kill(pid, 'SIGSTOP');
  onTestFinished(() => {
    for (const pid of modelProcesses(cli)) process.kill(pid, 'SIGKILL');
  });
}

function shardsIn(store: string): number {
  return readdirSync(store, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.vectors')).length;
}

describe.skipIf(process.platform !== 'linux')('a model process that is stopped for good', () => {
  it('is replaced, and the run ends with the same bytes', { timeout: 120_000 }, async () => {
    const folder = temporaryFolder();
    const path = (name: string): string => join(folder, name);
    await writeLongTask(path('long'), 600);
    const how = ['run', '--task', path('long'), '--model', smallModels.biEncoder, '--threads', '1', '--shard-size', '50'];
    // Besides, each token adds a second: the texts are cut at a few.
    const short = [...how, '--max-tokens', '4'];
    const run = start([...short, '--store', path('store'), '--output', path('hung')], { SGPT_BENCH_MODEL_TIMEOUT: '2' });
    while (shardsIn(folder) === 0) await sleep(20);
    await stopModel(run, () => true);
    const { status, stderr } = await run.finished;
    expect(status, stderr).toBe(0);
    expect(stderr).toMatch(/a model process was replaced \(no answer for \d+ s\); its texts are run again/);
    expect((await runCli([...short, '--output', path('alone')])).status).toBe(0);
    await expectSameResults(path('hung'), path('alone'));
  });

  it.skipIf(!hasRedis)('loses its shard to an idle worker (needs redis-server)', { timeout: 120_000 }, async () => {
    const folder = temporaryFolder();
    const path = (name: string): string => join(folder, name);
    await writeLongTask(path('long'), 400);
    const redis = await startRedis(path('redis'));
    const client = connectTo(redis);
    const how = ['run', '--task', path('long'), '--model', smallModels.biEncoder, '--threads', '1', '--shard-size', '50'];
    const queue = ['--queue', redis.url, '--store', path('store')];
    const work = ['worker', ...queue, '--threads', '1', '--allow', folder];
    const run = start([...how, ...queue, '--output', path('queued')]);
    // The default timeout, five minutes: the other worker is there long before.
    const hung = start(work);
    await stopModel(hung, async () => (await client.llen('sgpt-bench:shards:active')) > 0 && shardsIn(folder) > 0);
    const other = start(work);
    const { status, stderr } = await run.finished;
    expect(status, stderr).toBe(0);
    other.process.kill('SIGTERM');
    expect((await other.finished).stderr).toMatch(/[1-9]\d* shards computed/);
    const alone = await runCli([...how, '--output', path('alone')]);
    expect(alone.status, alone.stderr).toBe(0);
    await expectSameResults(path('queued'), path('alone'));
  });
});
