import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parseQueueAddress, requireQueue } from '../../src/queue/address.js';
import { announcementKey, workerMessagesKey } from '../../src/queue/protocol.js';
import { startCli, type RunningCli } from '../helpers/cli.js';
import { temporaryFolder } from '../helpers/folder.js';
import { smallModels, writeLongTask } from '../helpers/small-task.js';
import { connectTo, hasRedis, startRedis } from './redis.js';

/**
 * Resolves when a worker is about to encode documents: it asks who leads before each shard, and the first shard is the queries'.
 */
async function watchForDocuments(redis: Redis): Promise<{ readonly begun: Promise<void> }> {
  const monitor = await redis.monitor();
  monitor.on('error', () => undefined);
  const begun = new Promise<void>((resolve) => {
    let asked: number | undefined;
    monitor.on('monitor', (_time: string, [command, key]: string[]) => {
      if (command === 'rpush' && key === workerMessagesKey) asked = 0; // the worker has joined
      if (command === 'get' && key === announcementKey && asked !== undefined && ++asked === 2) resolve();
    });
  });
  return {
    begun: begun.finally(() => {
      monitor.disconnect();
    }),
  };
}

describe.skipIf(!hasRedis)('a worker that fails while Redis is down (needs redis-server)', () => {
  it('ends with the reason and exit status 2, and does not wait for Redis', { timeout: 90_000 }, async () => {
    const folder = temporaryFolder();
    const path = (name: string): string => join(folder, name);
    await writeLongTask(path('long'), 2000);
    const redis = await startRedis(path('redis'));
    const queue = ['--queue', redis.url, '--store', path('store'), '--threads', '1'];
    const start = (args: readonly string[]): RunningCli => {
      const cli = startCli([...args, ...queue]);
      onTestFinished(() => void cli.process.kill('SIGKILL'));
      return cli;
    };
    // Before there is any traffic: MONITOR's own answer must come before what it shows.
    const client = connectTo(redis);
    const documents = await watchForDocuments(client);
    start(['run', '--task', path('long'), '--model', smallModels.biEncoder, '--output', path('results')]);
    const worker = start(['worker', '--allow', folder]);
    await documents.begun;
    await client.ping(); // by now the worker has its answer
    client.disconnect();
    await redis.kill();
    rmSync(path('store'), { recursive: true });
    writeFileSync(path('store'), 'no folder');
    const { status, stderr } = await worker.finished;
    expect(status, stderr).toBe(2);
    expect(stderr.trimEnd().split('\n').at(-1)).toMatch(/^sgpt-bench: .*store.*: cannot be (written|created) \(.*\); /);
  });
});

describe.skipIf(!hasRedis)('a Redis that is being restarted (needs redis-server)', () => {
  it('is waited for when a run or a worker starts', async () => {
    const redis = await startRedis(join(temporaryFolder(), 'redis'));
    await redis.kill();
    const found = requireQueue(parseQueueAddress(redis.url));
    found.catch(() => undefined);
    await sleep(1000);
    await redis.start();
    await expect(found).resolves.toBeUndefined();
  });
});
