import { randomInt } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFailed, onTestFinished } from 'vitest';
import { runCli, startCli, type RunningCli } from '../helpers/cli.js';
import { temporaryFolder } from '../helpers/folder.js';
import { smallModels, writeLongTask } from '../helpers/small-task.js';
import { expectSameResults } from './results.js';
import { hasRedis, startRedis } from './redis.js';

const documents = 2000;
const shardSize = 16;
/** Repeats a run that failed, as far as processes can be repeated. */
const seedVariable = 'SGPT_BENCH_TEST_SEED';
const kills = { coordinator: 2, redis: 2, worker: 16 };
/** Workers that are stopped for longer than their locks last, and go on afterwards. */
const stalls = 4;

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

/** In a random order. */
function shuffled<T>(values: readonly T[], random: () => number): T[] {
  const left = [...values];
  return values.map(() => left.splice(Math.floor(random() * left.length), 1)[0]!);
}

describe.skipIf(!hasRedis)('a run over a queue (needs redis-server)', () => {
  it('ends with the bytes of one machine, whatever is killed or stalled on the way', { timeout: 240_000 }, async () => {
    const seed = Number(process.env[seedVariable] ?? randomInt(2 ** 31));
    const random = seeded(seed);
    const events: string[] = [];
    const said: Promise<string>[] = [];
    onTestFailed(async () => {
      console.error(`repeat with ${seedVariable}=${seed}; what happened: ${events.join(', ')}`);
      console.error((await Promise.all(said)).join('\n'));
    });

    const folder = temporaryFolder();
    const path = (name: string): string => join(folder, name);
    await writeLongTask(path('long'), documents);
    const redis = await startRedis(path('redis'));
    const how = ['--task', path('long'), '--model', smallModels.biEncoder, '--threads', '1'];
    const alone = startCli(['run', ...how, '--output', path('alone')]);

    const store = path('store');
    const queued = ['--queue', redis.url, '--store', store];
    const start = (name: string, args: readonly string[]): RunningCli => {
      const cli = startCli(args);
      said.push(cli.finished.then(({ status, stderr }) => `${name} ${cli.process.pid} (${status}): ${stderr}`));
      return cli;
    };
    const coordinate = (): RunningCli =>
      start('run', ['run', ...how, '--output', path('queued'), ...queued, '--shard-size', String(shardSize)]);
    const work = (): RunningCli =>
      start('worker', ['worker', ...queued, '--threads', '1', '--lock', '1', '--allow', folder]);
    let coordinator = coordinate();
    const workers = Array.from({ length: 4 }, work);
    onTestFinished(() => {
      for (const { process } of [alone, coordinator, ...workers]) process.kill('SIGKILL');
    });

    const all = { ...kills, stall: stalls };
    const targets = shuffled(
      Object.entries(all).flatMap(([target, times]) => Array.from({ length: times }, () => target)),
      random,
    );
    const awake: Promise<void>[] = [];
    const total = Math.ceil(documents / shardSize) + 1;
    for (const [i, target] of targets.entries()) {
      // Spread over the run, each at its own random moment.
      const at = Math.floor(((i + random()) / (targets.length + 2)) * total);
      while (shardsIn(store) < at && coordinator.process.exitCode === null) await sleep(20);
      await sleep(random() * 100);
      if (coordinator.process.exitCode !== null) expect(await coordinator.finished).toBe('still running');
      const which = Math.floor(random() * workers.length);
      const pause = random();
      events.push(`${target} ${['worker', 'stall'].includes(target) ? workers[which]!.process.pid : ''} at ${at}`);
      if (target === 'redis') {
        await redis.kill();
        await sleep(pause * 500);
        await redis.start();
      } else if (target === 'coordinator') {
        coordinator.process.kill('SIGKILL');
        await coordinator.finished;
        coordinator = coordinate();
      } else if (target === 'stall') {
        const { process } = workers[which]!;
        process.kill('SIGSTOP');
        awake.push(sleep(1500 + pause * 3000).then(() => void process.kill('SIGCONT')));
      } else {
        workers[which]!.process.kill('SIGKILL');
        await workers[which]!.finished;
        workers[which] = work();
      }
    }
    const { status, stderr } = await coordinator.finished;
    expect(status, stderr).toBe(0);
    expect((await alone.finished).status).toBe(0);
    await expectSameResults(path('queued'), path('alone'));

    // What is left in the queue wakes nobody up, and who was stalled lives: workers end when they are told to.
    await Promise.all(awake);
    for (const { process } of workers) process.kill('SIGTERM');
    for (const { finished } of workers) {
      const { status: ended, stderr: words } = await finished;
      expect(['SIGTERM', 0], words).toContain(ended);
    }
    expect(
      (await runCli(['run', ...how, '--output', path('again'), '--store', store, '--shard-size', '16'])).status,
    ).toBe(0);
    await expectSameResults(path('again'), path('alone'));
  });
});
