import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { runCli, startCli } from '../helpers/cli.js';
import { temporaryFolder } from '../helpers/folder.js';
import { smallModels, writeSmallTask } from '../helpers/small-task.js';
import { expectSameResults } from './results.js';
import { hasRedis, startRedis } from './redis.js';

const models = ['--model', `${smallModels.biEncoder},${smallModels.causal}`, '--runner', 'bi-encoder,cross-encoder'];

describe.skipIf(!hasRedis)('vectors stored as float16 over a queue (need redis-server)', () => {
  it('give the bytes of one machine, beside float32 in one store and queue', { timeout: 180_000 }, async () => {
    const folder = temporaryFolder();
    const path = (name: string): string => join(folder, name);
    await writeSmallTask(path('small'), 4, 24);
    const redis = await startRedis(path('redis'));
    const queue = ['--queue', redis.url, '--store', path('store')];
    const worker = startCli(['worker', ...queue, '--threads', '1', '--allow', folder]);
    onTestFinished(() => void worker.process.kill('SIGKILL'));
    for (const dtype of ['float32', 'float16', 'float32']) {
      const how = ['run', '--task', path('small'), ...models, '--threads', '1', '--quiet', '--store-dtype', dtype];
      const queued = await runCli([...how, ...queue, '--shard-size', '8', '--output', path(`queued-${dtype}`)]);
      expect(queued.status, queued.stderr).toBe(0);
      const alone = await runCli([...how, '--output', path(`alone-${dtype}`)]);
      expect(alone.status, alone.stderr).toBe(0);
      await expectSameResults(path(`queued-${dtype}`), path(`alone-${dtype}`));
    }
    const shards = (await readdir(path('store'), { recursive: true })).filter((name) => name.endsWith('.vectors'));
    const halves = shards.filter((name) => name.endsWith('.float16.vectors'));
    expect(halves.length).toBeGreaterThan(0);
    // Of the cross-encoder's scores there is one kind.
    expect(halves.length).toBeLessThan(shards.length / 2);
    worker.process.kill('SIGTERM');
    expect((await worker.finished).stderr).toMatch(/[1-9]\d* shards computed/);
  });
});
