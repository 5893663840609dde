import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runCli } from '../helpers/cli.js';
import { temporaryFolder } from '../helpers/folder.js';
import { smallModels, writeLongTask } from '../helpers/small-task.js';
import { shardsIn, start, stopModel } from './model-processes.js';
import { expectSameResults } from './results.js';
import { connectTo, hasRedis, startRedis } from './redis.js';

describe.skipIf(!hasRedis || process.platform !== 'linux')('a worker whose model hangs (needs redis-server)', () => {
  it('loses its shard to an idle worker', { timeout: 120_000 }, async () => {
    const folder = temporaryFolder();
    const path = (name: string): string => join(folder, name);
    await writeLongTask(path('long'), 400);
    const redis = await startRedis(path('redis'));
    const client = connectTo(redis);
    const how = [
      'run',
      '--task',
      path('long'),
      '--model',
      smallModels.biEncoder,
      '--threads',
      '1',
      '--shard-size',
      '50',
    ];
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
