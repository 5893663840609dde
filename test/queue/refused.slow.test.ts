import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Queue } from 'bullmq';
import { describe, expect, it, onTestFinished } from 'vitest';
import { InputError } from '../../src/core/errors.js';
import { parseQueueAddress } from '../../src/queue/address.js';
import { Coordinator } from '../../src/queue/coordinator.js';
import { WorkerMonitor, sendWorkerMessage } from '../../src/queue/worker-messages.js';
import { workerMessagesKey, versionsOf, type Versions } from '../../src/queue/protocol.js';
import { runWorker } from '../../src/queue/queue-worker.js';
import { StoreFolder } from '../../src/stores/index.js';
import { temporaryFolder } from '../helpers/folder.js';
import { recordingProgress } from '../helpers/progress.js';
import { connectTo, hasRedis, startRedis, type TestRedis } from './redis.js';
import { waitForUnmadeShard } from './unmade-shard.js';

const versions = versionsOf({ 'sgpt-bench': '1.2.3' }, 'a1b2c3d4e5f60718');
const otherVersions: Versions = { ...versions, programs: { 'sgpt-bench': '1.3.0' } };
const refusal = 'this worker has sgpt-bench 1.3.0, the run 1.2.3; install the same version on all machines';

interface Led {
  readonly coordinator: Coordinator;
  readonly notes: string[];
}

/** A run that gives up at the first look that finds nobody but refused workers. */
async function lead(redis: TestRedis, storeFolder: string, refusedMinutes: number): Promise<Led> {
  const progress = recordingProgress();
  const coordinator = await Coordinator.open({
    address: parseQueueAddress(redis.url),
    backend: new StoreFolder(storeFolder),
    versions,
    progress,
    refusedMinutes,
  });
  onTestFinished(() => coordinator.close());
  return { coordinator, notes: progress.notes };
}

function refusedWorker(redis: TestRedis, storeFolder: string): Promise<number> {
  return runWorker({
    ...{
      address: parseQueueAddress(redis.url),
      backend: new StoreFolder(storeFolder),
      datasetsDir: 'datasets',
      allow: { tasks: [], models: [] },
      threads: 1,
    },
    ...{ versions: otherVersions, lockSeconds: 5, idleSeconds: 1, progress: recordingProgress() },
  });
}

describe.skipIf(!hasRedis)('a run whose workers are all refused (needs redis-server)', () => {
  it('ends with the reason', async () => {
    const folder = temporaryFolder();
    const redis = await startRedis(join(folder, 'redis'));
    const { coordinator, notes } = await lead(redis, join(folder, 'store'), 1e-3);
    const made = waitForUnmadeShard(coordinator);
    await expect(refusedWorker(redis, join(folder, 'store'))).rejects.toThrow(new InputError(refusal));
    await expect(made).rejects.toThrow(InputError);
    await expect(made).rejects.toThrow(
      /^redis:\/\/127\.0\.0\.1:\d+\/0: for 0\.001 minutes every worker was refused, most recently .*:\d+: this worker has sgpt-bench 1\.3\.0, the run 1\.2\.3; install the same version on all machines; finished work is kept/,
    );
    expect(notes[0]).toMatch(new RegExp(`^worker .*:${process.pid} was refused: ${refusal}$`));
  });
});

/** What a run hears, without one. */
async function listen(refusedMinutes: number): Promise<{
  monitor: WorkerMonitor;
  notes: string[];
  refuse: (worker: string) => Promise<void>;
  sendRaw: (text: string) => Promise<unknown>;
}> {
  const redis = await startRedis(join(temporaryFolder(), 'redis'));
  const client = connectTo(redis);
  const queue = new Queue('shards', { connection: { port: redis.port }, prefix: 'sgpt-bench' });
  onTestFinished(() => queue.close());
  const progress = recordingProgress();
  const monitor = new WorkerMonitor(client, queue, { progress, address: parseQueueAddress(redis.url), refusedMinutes });
  return {
    monitor,
    notes: progress.notes,
    refuse: (worker) => sendWorkerMessage(client, { kind: 'refused', worker, reason: refusal }),
    sendRaw: (text) => client.rpush(workerMessagesKey, text),
  };
}

describe.skipIf(!hasRedis)('messages of workers (need redis-server)', () => {
  it('are reported once: that none is connected, and that all were refused', async () => {
    const { monitor, notes, refuse } = await listen(7);
    for (let i = 0; i < 4; i++) await monitor.poll(true);
    for (let i = 0; i < 4; i++) {
      await refuse(`machine:${i}`);
      expect(await monitor.poll(true)).toBeUndefined();
    }
    expect(notes).toEqual([
      expect.stringMatching(/: no worker is connected; start some with: sgpt-bench worker --queue redis:/),
      `worker machine:0 was refused: ${refusal}`,
      expect.stringMatching(/: every worker was refused; the run ends in 7 minutes unless one is accepted/),
    ]);
  });

  it('end the run only where it waits, and no worker has finished a shard since', async () => {
    const { monitor, refuse } = await listen(0);
    await refuse('machine:1');
    expect(await monitor.poll(true)).toBeUndefined();
    expect(await monitor.poll(true)).toBeInstanceOf(InputError);
    monitor.shardDone();
    expect(await monitor.poll(true)).toBeUndefined();
  });

  it('are not counted from before the run waited', async () => {
    const { monitor, refuse } = await listen(1 / 60);
    await refuse('machine:1');
    for (let i = 0; i < 3; i++) {
      expect(await monitor.poll(false)).toBeUndefined();
      await sleep(600);
    }
    expect(await monitor.poll(true)).toBeUndefined();
    await sleep(1100);
    expect(await monitor.poll(true)).toBeInstanceOf(InputError);
  });

  it('of another version are reported and skipped', async () => {
    const { monitor, notes, refuse, sendRaw } = await listen(7);
    await sendRaw('{"kind":"of a later version"}');
    await refuse('machine:1');
    await monitor.poll(true);
    expect(notes).toEqual([
      expect.stringMatching(/^the queue holds a message that this version does not know/),
      `worker machine:1 was refused: ${refusal}`,
    ]);
  });
});
