import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { describe, expect, it, onTestFinished } from 'vitest';
import { hashOfBuild } from '../../src/io/build-id.js';
import { parseQueueAddress } from '../../src/queue/address.js';
import { Coordinator } from '../../src/queue/coordinator.js';
import { jobSchema, versionsOf } from '../../src/queue/protocol.js';
import { describeVersions } from '../../src/results/provenance.js';
import { StoreFolder } from '../../src/stores/index.js';
import { runCli, startCli } from '../helpers/cli.js';
import { temporaryFolder } from '../helpers/folder.js';
import { recordingProgress } from '../helpers/progress.js';
import { smallModels, writeSmallTask } from '../helpers/small-task.js';
import { connectTo, hasRedis, startRedis, type TestRedis } from './redis.js';
import { waitForUnmadeShard } from './unmade-shard.js';

const secret = 'geheim:x:0:0';

/** A run in this process which claims to be the compiled program. */
async function lead(redis: TestRedis, store: string, refusedMinutes: number): Promise<Coordinator> {
  const build = await hashOfBuild(join(import.meta.dirname, '../../dist'));
  const coordinator = await Coordinator.open({
    address: parseQueueAddress(redis.url),
    backend: new StoreFolder(store),
    versions: versionsOf(await describeVersions(), build),
    progress: recordingProgress(),
    refusedMinutes,
  });
  onTestFinished(() => coordinator.close());
  return coordinator;
}

/** What Redis holds of the queue's jobs. */
async function jobs(client: Redis): Promise<Record<string, string>[]> {
  const keys = (await client.keys('sgpt-bench:shards:*')).filter((key) => /:[0-9a-f]{64}$/.test(key));
  return Promise.all(keys.map((key) => client.hgetall(key)));
}

describe.skipIf(!hasRedis)('jobs that a worker refuses (need redis-server)', () => {
  it('get a reason that quotes no file, and the worker goes on', { timeout: 120_000 }, async () => {
    const folder = temporaryFolder();
    const path = (name: string): string => join(folder, name);
    mkdirSync(path('datasets'));
    mkdirSync(path('outside'));
    await writeSmallTask(path('datasets/small'));
    for (const name of ['outside/passwd', 'datasets/passwd.json', 'outside/config.json'])
      writeFileSync(path(name), secret);
    symlinkSync(path('outside'), path('datasets/link'));
    const redis = await startRedis(path('redis'));
    const client = connectTo(redis);
    const coordinator = await lead(redis, path('store'), 100);
    const queue = ['--queue', redis.url, '--store', path('store'), '--threads', '1'];
    const worker = startCli(['worker', ...queue, '--datasets-dir', path('datasets')]);
    onTestFinished(() => void worker.process.kill('SIGKILL'));

    const small = path('datasets/small');
    const names = [
      { taskName: path('outside/passwd') },
      { taskName: path('datasets/link/passwd') },
      { taskName: path('datasets/passwd.json') },
      { taskName: small, model: path('outside') },
      { taskName: small, model: 'openai:gpt' },
    ];
    names.forEach((named, i) => void waitForUnmadeShard(coordinator, { ...named, key: String(i).repeat(64) }));
    const reasons = async (): Promise<string[]> =>
      (await jobs(client)).flatMap(({ data }) =>
        jobSchema.parse(JSON.parse(data!)).refusals.map(({ reason }) => reason),
      );
    while ((await reasons()).length < names.length) await sleep(100);
    const why = (await reasons()).join('\n');
    expect(why).toContain(`${path('outside/passwd')}: the data set is not below a folder that this worker may open`);
    expect(why).toContain(`${path('datasets/link/passwd')}: the data set is not below a folder`);
    expect(why).toContain(`${path('outside')}: the model is not below a folder that this worker may open for a job`);
    expect(why).toContain('openai:gpt: is a hosted model');
    expect(why).toContain(
      `${path('datasets/passwd.json')}: cannot be opened by this worker; its own output has the reason`,
    );
    expect(JSON.stringify(await jobs(client))).not.toContain('geheim');

    // A run that waits for such a job ends, as there is no other worker.
    const waiting = await lead(redis, path('store'), 1e-3);
    await expect(waitForUnmadeShard(waiting, { taskName: '/etc/passwd', key: 'c'.repeat(64) })).rejects.toThrow(
      /^for 0\.001 minutes no worker could do a part of the run; .*:\d+ says: \/etc\/passwd: the data set is not below/,
    );
    await Promise.all([coordinator.close(), waiting.close()]);

    // The jobs are still in the queue, and the worker is still good for others.
    const how = ['run', '--task', small, '--model', smallModels.biEncoder, '--threads', '1'];
    const run = await runCli([...how, ...queue.slice(0, 4), '--output', path('results')]);
    expect(run.status, run.stderr).toBe(0);
    worker.process.kill('SIGTERM');
    const { status, stderr } = await worker.finished;
    expect(status, stderr).toBe(0);
    expect(stderr).toMatch(/[1-9]\d* shards computed/);
    // Its own output may say more.
    expect(stderr).toContain(`a job was given back: ${path('datasets/passwd.json')}: is not valid JSON`);
  });

  it('and what is no job at all is dropped', async () => {
    const folder = temporaryFolder();
    const redis = await startRedis(join(folder, 'redis'));
    const client = connectTo(redis);
    await lead(redis, join(folder, 'store'), 100);
    const { Queue } = await import('bullmq');
    const bull = new Queue('shards', { connection: { port: redis.port }, prefix: 'sgpt-bench' });
    onTestFinished(() => bull.close());
    await bull.add('texts', { task: '/etc/passwd' }, { jobId: 'd'.repeat(64), removeOnComplete: true });
    const queue = ['--queue', redis.url, '--store', join(folder, 'store'), '--threads', '1'];
    const worker = startCli(['worker', ...queue]);
    onTestFinished(() => void worker.process.kill('SIGKILL'));
    while ((await jobs(client)).length > 0) await sleep(50);
    worker.process.kill('SIGTERM');
    const { status, stderr } = await worker.finished;
    expect(status, stderr).toBe(0);
    expect(stderr).toMatch(/the queue holds a job that this version does not know .*; it is dropped/);
  });
});
