import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Queue, Worker } from 'bullmq';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { RetrievalTask } from '../../src/core/dataset.js';
import { completeSpec } from '../../src/core/system-spec.js';
import { profileByName } from '../../src/core/profile.js';
import { parseQueueAddress } from '../../src/queue/address.js';
import { Coordinator, maxJobs } from '../../src/queue/coordinator.js';
import { versionsOf, type ShardJob } from '../../src/queue/protocol.js';
import { embed } from '../../src/runners/embedding.js';
import { VectorStore } from '../../src/stores/index.js';
import { StoreFolder } from '../../src/stores/index.js';
import { temporaryFolder } from '../helpers/folder.js';
import { hashEncoder } from '../helpers/hash-encoder.js';
import { recordingProgress } from '../helpers/progress.js';
import { connectTo, hasRedis, startRedis } from './redis.js';

/** One a shard, so that there are many times as many shards as the queue may hold. */
const texts = Array.from({ length: 3 * maxJobs }, (_, i) => ({ id: `d${i}`, text: `document ${i}` }));

describe.skipIf(!hasRedis)('a queue (needs redis-server)', () => {
  it('never holds more jobs than its bound, in whatever state they are', async () => {
    const folder = temporaryFolder();
    const redis = await startRedis(join(folder, 'redis'), ['--appendfsync', 'no']);
    const client = connectTo(redis);
    const connection = { port: redis.port, maxRetriesPerRequest: null };
    const queue = new Queue('shards', { connection, prefix: 'sgpt-bench' });
    onTestFinished(() => queue.close());
    /** Every job has a key of this form until it is done. */
    const jobs = async (): Promise<number> =>
      (await client.keys('sgpt-bench:shards:*')).filter((key) => /:[0-9a-f]{64}$/.test(key)).length;

    const backend = new StoreFolder(join(folder, 'store'));
    const store = new VectorStore(backend);
    const address = parseQueueAddress(redis.url);
    const progress = recordingProgress();
    const coordinator = await Coordinator.open({
      address,
      backend,
      versions: versionsOf({}, 'b'),
      progress,
      shardSize: 1,
    });
    onTestFinished(() => coordinator.close());
    const system = completeSpec({ runner: 'bi-encoder', model: 'hash', brackets: 'none' });
    const facts = { checksum: 'a'.repeat(64) };
    const task = { name: 'many', split: 'test', queryLimit: null, facts } as unknown as RetrievalTask;
    const shards = coordinator.workOf({ system, taskName: 'many', task, profile: 'beir' });
    const encoder = hashEncoder();
    const context = { profile: profileByName('beir'), progress, shards };
    const over = new AbortController();
    const embedded = embed(
      { encoder, store },
      { name: 'documents', role: 'document', total: texts.length, texts },
      context,
    ).finally(() => {
      over.abort();
    });
    embedded.catch(() => undefined);

    // Without a worker it fills up to the bound, and no further.
    while ((await jobs()) < maxJobs) await sleep(20);
    await sleep(500);
    expect(await jobs()).toBe(maxJobs);

    const make = async ({ part, keys }: ShardJob): Promise<void> => {
      if (part.kind !== 'texts') throw new Error('pairs were not asked for');
      const these = texts.slice(part.first, part.first + part.count).map(({ text }) => text);
      const matrices = await encoder.encode(these, part.role);
      await Promise.all(keys.map((key, i) => store.put(key, matrices[i]!)));
    };
    const worker = new Worker<ShardJob>('shards', ({ data }) => make(data), {
      ...{ connection, prefix: 'sgpt-bench', concurrency: 8 },
    });
    onTestFinished(() => worker.close());
    const seen: number[] = [];
    while (!over.signal.aborted) {
      seen.push(await jobs());
      await sleep(5);
    }
    expect((await embedded).computed).toBe(texts.length);
    expect(encoder.encoded).toHaveLength(texts.length);
    expect(Math.max(...seen)).toBeLessThanOrEqual(maxJobs);
    expect(seen.length).toBeGreaterThan(10);
    expect(await jobs()).toBe(0);
  });
});
