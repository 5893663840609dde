import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parseQueueAddress } from '../../src/queue/address.js';
import { Coordinator } from '../../src/queue/coordinator.js';
import { announcementKey, versionsOf } from '../../src/queue/protocol.js';
import { runWorker } from '../../src/queue/queue-worker.js';
import { StoreFolder } from '../../src/stores/index.js';
import { temporaryFolder } from '../helpers/folder.js';
import { recordingProgress } from '../helpers/progress.js';
import { connectTo, hasRedis, startRedis } from './redis.js';

describe.skipIf(!hasRedis)('a worker that exits when it is idle (needs redis-server)', () => {
  it('does not count the time while a run is announced', async () => {
    const folder = temporaryFolder();
    const redis = await startRedis(join(folder, 'redis'));
    const common = {
      address: parseQueueAddress(redis.url),
      backend: new StoreFolder(join(folder, 'store')),
      versions: versionsOf({}, 'b'),
      progress: recordingProgress(),
    };
    const coordinator = await Coordinator.open(common);
    onTestFinished(() => coordinator.close());
    let ended = false;
    const allow = { tasks: [], models: [] };
    const own = { datasetsDir: 'datasets', allow, threads: 1, lockSeconds: 5, idleSeconds: 1 };
    const worker = runWorker({ ...common, ...own }).finally(() => (ended = true));
    await sleep(4000);
    expect(ended).toBe(false);
    await coordinator.close();
    expect(await connectTo(redis).exists(announcementKey)).toBe(0);
    await expect(worker).resolves.toBe(0);
  });
});
