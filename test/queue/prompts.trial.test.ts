import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { runCli, startCli } from '../helpers/cli.js';
import { temporaryFolder, writeFiles } from '../helpers/folder.js';
import { smallModels, writeSmallTask } from '../helpers/small-task.js';
import { expectSameResults } from './results.js';
import { connectTo, hasRedis, startRedis } from './redis.js';

const rerank = ['--model', smallModels.causal, '--runner', 'cross-encoder', '--depth', '10'];
const embed = ['--model', smallModels.biEncoder];
/** One-shot prompts, one of which asks for an answer, and texts that are embedded within a prompt. */
const systems = [
  [...rerank, '--prompt', 'L1', '--prompt', 'J'],
  [...embed, '--embed-prompt', 'eol:A jockey riding a horse.=Equestrian', '--pooling', 'mean,lasttoken'],
];

describe.skipIf(!hasRedis)('prompts over a queue (need redis-server)', () => {
  it('give the bytes of one machine', { timeout: 180_000 }, async () => {
    const folder = temporaryFolder();
    const path = (name: string): string => join(folder, name);
    // Two tasks: what a one-shot prompt shows is not the same.
    await writeSmallTask(path('one'), 4, 24);
    await writeSmallTask(path('two'), 3, 16);
    const redis = await startRedis(path('redis'));
    const queue = ['--queue', redis.url, '--store', path('store'), '--shard-size', '8'];
    const worker = startCli(['worker', ...queue.slice(0, -2), '--threads', '1', '--allow', folder]);
    onTestFinished(() => void worker.process.kill('SIGKILL'));
    for (const [i, system] of systems.entries()) {
      const how = ['run', '--task', `${path('one')},${path('two')}`, ...system, '--threads', '1', '--quiet'];
      const queued = await runCli([...how, ...queue, '--output', path(`queued-${i}`)]);
      expect(queued.status, queued.stderr).toBe(0);
      const alone = await runCli([...how, '--output', path(`alone-${i}`)]);
      expect(alone.status, alone.stderr).toBe(0);
      await expectSameResults(path(`queued-${i}`), path(`alone-${i}`));
    }
    worker.process.kill('SIGTERM');
    expect((await worker.finished).stderr).toMatch(/[1-9]\d* shards computed/);
  });

  it.each([
    ['a task without an example to show', 'J', /has no judged pair of more than 0 tokens for a one-shot prompt/],
    ['a prompt that does not exist', 'Z', /unknown prompt "Z"/],
  ])('%s is refused in a sentence before anything is queued', async (_, prompt, expected) => {
    const folder = temporaryFolder();
    await writeSmallTask(join(folder, 'small'));
    const unjudged = 'query-id\tcorpus-id\tscore\nq1\td1\t0\n';
    await writeFiles(join(folder, 'small'), {
      'queries.jsonl': '{"_id": "q1", "text": "what"}\n',
      'qrels/test.tsv': unjudged,
    });
    const redis = await startRedis(join(folder, 'redis'));
    const queue = ['--queue', redis.url, '--store', join(folder, 'store'), '--output', join(folder, 'results')];
    const how = ['run', '--task', join(folder, 'small'), ...rerank, '--prompt', prompt, '--threads', '1'];
    const { status, stderr } = await runCli([...how, ...queue]);
    expect(status).toBe(2);
    expect(stderr.trimEnd().split('\n').at(-1)).toMatch(expected);
    const jobs = (await connectTo(redis).keys('sgpt-bench:shards:*')).filter((key) => /[0-9a-f]{64}$/.test(key));
    expect(jobs).toEqual([]);
  });
});
