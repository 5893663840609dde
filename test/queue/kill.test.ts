import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { runCli, startCli, type RunningCli } from '../helpers/cli.js';
import { temporaryFolder, writeFiles } from '../helpers/folder.js';
import { smallModels } from '../helpers/small-task.js';
import { expectSameResults } from './results.js';
import { hasRedis, startRedis } from './redis.js';

const demo = join(import.meta.dirname, '../../datasets/demo');
const documents = 2000;
const shardSize = 16;
/** Bounds the test, should nothing go on. */
const mostSeconds = 90;

/** The bundled corpus again and again, so that the work takes some seconds, and the first queries. */
async function writeLongTask(folder: string): Promise<void> {
  const lines = (file: string): string[] => readFileSync(join(demo, file), 'utf8').trimEnd().split('\n');
  const corpus = lines('corpus.jsonl').map((line) => JSON.parse(line) as { _id: string; text: string });
  const copies = Array.from({ length: documents }, (_, i) => {
    const document = corpus[i % corpus.length]!;
    const round = Math.floor(i / corpus.length);
    return round === 0 ? document : { ...document, _id: `${document._id}-${round}`, text: `${round} ${document.text}` };
  });
  await writeFiles(folder, {
    'corpus.jsonl': copies.map((document) => JSON.stringify(document)).join('\n') + '\n',
    'queries.jsonl': lines('queries.jsonl').slice(0, 8).join('\n') + '\n',
    'qrels/test.tsv': lines('qrels/test.tsv').join('\n') + '\n',
  });
}

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

function shardsIn(store: string): number {
  if (!existsSync(store)) return 0;
  return readdirSync(store, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.vectors')).length;
}

describe.skipIf(!hasRedis)('a run over a queue (needs redis-server)', () => {
  it('ends with the bytes of one machine, whatever is killed on the way', { timeout: 240_000 }, async () => {
    const folder = temporaryFolder();
    const path = (name: string): string => join(folder, name);
    await writeLongTask(path('long'));
    const redis = await startRedis(path('redis'));
    const how = ['--task', path('long'), '--model', smallModels.biEncoder, '--threads', '1'];
    const alone = startCli(['run', ...how, '--output', path('alone')]);

    const store = path('store');
    const queued = ['--queue', redis.url, '--store', store];
    const coordinate = (): RunningCli =>
      startCli(['run', ...how, '--output', path('queued'), ...queued, '--shard-size', String(shardSize)]);
    const work = (): RunningCli => startCli(['worker', ...queued, '--threads', '1', '--lock', '1']);
    let coordinator = coordinate();
    const workers = Array.from({ length: 4 }, work);
    onTestFinished(() => {
      for (const { process } of [alone, coordinator, ...workers]) process.kill('SIGKILL');
    });

    const random = seeded(8);
    const targets = ['coordinator', 'coordinator', 'redis', 'redis', ...Array.from({ length: 16 }, () => 'worker')];
    const total = Math.ceil(documents / shardSize) + 1;
    const deadline = performance.now() + mostSeconds * 1000;
    let killed = 0;
    for (; killed < 20; killed++) {
      // Spread over the run, each at its own random moment.
      const at = Math.floor(((killed + random()) / 22) * total);
      while (shardsIn(store) < at && performance.now() < deadline && coordinator.process.exitCode === null)
        await sleep(20);
      await sleep(random() * 100);
      if (coordinator.process.exitCode !== null) expect(await coordinator.finished).toBe('still running');
      const [target] = targets.splice(Math.floor(random() * targets.length), 1);
      if (target === 'redis') {
        await redis.kill();
        await sleep(random() * 500);
        await redis.start();
      } else if (target === 'coordinator') {
        coordinator.process.kill('SIGKILL');
        await coordinator.finished;
        coordinator = coordinate();
      } else {
        const which = Math.floor(random() * workers.length);
        workers[which]!.process.kill('SIGKILL');
        await workers[which]!.finished;
        workers[which] = work();
      }
    }
    expect(killed).toBe(20);
    expect(performance.now()).toBeLessThan(deadline);
    const { status, stderr } = await coordinator.finished;
    expect(status, stderr).toBe(0);
    expect((await alone.finished).status).toBe(0);
    await expectSameResults(path('queued'), path('alone'));

    // What is left in the queue wakes nobody up: workers end when they are told to.
    for (const { process } of workers) process.kill('SIGTERM');
    for (const { finished } of workers) expect(['SIGTERM', 0]).toContain((await finished).status);
    expect(
      (await runCli(['run', ...how, '--output', path('again'), '--store', store, '--shard-size', '16'])).status,
    ).toBe(0);
    await expectSameResults(path('again'), path('alone'));
  });
});
