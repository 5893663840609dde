import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { describe, expect, it, onTestFinished } from 'vitest';
import { runCli, startCli, type RunningCli } from '../helpers/cli.js';
import { temporaryFolder } from '../helpers/folder.js';
import { smallModels, writeLongTask } from '../helpers/small-task.js';
import { expectSameResults } from './results.js';
import { connectTo, hasRedis, startRedis } from './redis.js';

/** Jobs that workers have taken. */
const active = (redis: Redis): Promise<number> => redis.llen('sgpt-bench:shards:active');

/** A process that ends with the test, stopped or not. */
function start(args: readonly string[]): RunningCli {
  const cli = startCli(args);
  onTestFinished(() => void cli.process.kill('SIGKILL'));
  return cli;
}

describe.skipIf(!hasRedis)('a stalled worker (needs redis-server)', () => {
  it('loses its shard to another; woken, it does no harm and goes on', { timeout: 120_000 }, async () => {
    const folder = temporaryFolder();
    const path = (name: string): string => join(folder, name);
    await writeLongTask(path('long'), 500);
    const redis = await startRedis(path('redis'));
    const client = connectTo(redis);
    const how = ['--task', path('long'), '--model', smallModels.biEncoder, '--threads', '1', '--shard-size', '100'];
    const queue = ['--queue', redis.url, '--store', path('store')];
    const work = ['worker', ...queue, '--threads', '1', '--lock', '1', '--allow', folder];
    const run = start(['run', ...how, ...queue, '--recheck', '0', '--output', path('queued')]);
    const stalled = start(work);
    // Until it is stopped while it has a shard.
    for (let stopped = false; !stopped;) {
      stalled.process.kill('SIGCONT');
      while ((await active(client)) === 0) await sleep(5);
      stalled.process.kill('SIGSTOP');
      await sleep(100);
      stopped = (await active(client)) > 0;
    }
    const other = start(work);
    const done = await run.finished;
    expect(done.status, done.stderr).toBe(0);
    other.process.kill('SIGTERM');
    expect((await other.finished).stderr).toMatch(/[1-6] shards computed/);

    stalled.process.kill('SIGCONT');
    // It is still good for work, and what it wrote when it woke up is what was there.
    const more = await runCli(['run', ...how, ...queue, '--pooling', 'mean', '--output', path('more')]);
    expect(more.status, more.stderr).toBe(0);
    stalled.process.kill('SIGTERM');
    const { status, stderr } = await stalled.finished;
    expect(status, stderr).toBe(0);
    expect(stderr).toMatch(/[1-9]\d* shards computed/);
    expect(stderr.match(/more than 1 s \(--lock\), so its shard went to another worker; continuing/g)).toHaveLength(1);
    expect(stderr).not.toMatch(/trying again|Missing|[0-9a-f]{64}/);
    const stored = await runCli(['run', ...how, '--store', path('store'), '--output', path('stored')]);
    const alone = await runCli(['run', ...how, '--output', path('alone')]);
    expect([stored.status, alone.status]).toEqual([0, 0]);
    for (const name of ['queued', 'stored']) await expectSameResults(path(name), path('alone'));
  });
});
