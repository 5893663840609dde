import { cp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runPlan } from '../../src/pipeline/run-plan.js';
import { specsOf } from '../../src/runners/specs.js';
import { openRetrieval } from '../helpers/tasks.js';
import { profileByName } from '../../src/core/profile.js';
import { localWork, shareOf, type Sharing } from '../../src/core/shards.js';
import { mergeFolders } from '../../src/pipeline/merge.js';
import type { StoredResult } from '../../src/results/store.js';
import { runCli } from '../helpers/cli.js';
import { temporaryFolder } from '../helpers/folder.js';
import { recordingProgress } from '../helpers/progress.js';
import { smallModels, writeSmallTask } from '../helpers/small-task.js';
import { expectSameResults } from '../queue/results.js';

const size = 8;
const here: Sharing = { fillOnly: false, workOf: () => ({ ...localWork, size }) };
const share = (number: number, count: number): Sharing => ({
  fillOnly: true,
  workOf: () => shareOf({ number, count }, size),
});

/** Embeds and re-ranks a small task; every call is what one process would do. */
async function run(folder: string, output: string, sharing?: Sharing): Promise<StoredResult[]> {
  const specs = [
    ...(await specsOf({ runner: ['bi-encoder'], model: [smallModels.causal], pooling: ['mean', 'weightedmean'] })),
    ...(await specsOf({ runner: ['cross-encoder'], model: [smallModels.causal], prompt: ['G'], depth: 10 })),
  ];
  const settings = { measures: ['nDCG@10'], topK: 100, output, overwrite: false };
  const context = { profile: profileByName('sgpt-paper'), threads: 1, command: 'test', progress: recordingProgress() };
  const task = await openRetrieval(join(folder, 'small'));
  try {
    return await runPlan(specs, [task], settings, { ...context, sharing });
  } finally {
    await task.corpus.close();
  }
}

async function shardsIn(folder: string): Promise<string[]> {
  const paths = await readdir(folder, { recursive: true });
  return paths.filter((path) => path.endsWith('.vectors')).map((path) => join(folder, path));
}

describe('shares of a run', () => {
  it('are disjoint, and merged they give the bytes of one machine without computing anything', async () => {
    const folder = temporaryFolder();
    const path = (name: string): string => join(folder, name);
    await writeSmallTask(path('small'));
    await run(folder, path('alone'));
    const shares = [1, 2, 3].map((number) => path(`share-${number}`));
    for (const [i, output] of shares.entries()) expect(await run(folder, output, share(i + 1, 3))).toEqual([]);
    const counts = await Promise.all(shares.map(async (output) => (await shardsIn(output)).length));
    expect(counts.every((count) => count > 2)).toBe(true);

    const { copied, same } = await mergeFolders(shares, path('merged'));
    expect(await shardsIn(path('merged'))).toHaveLength(counts.reduce((sum, count) => sum + count, 0));
    expect(same).toBe(2 * 3); // BM25's record, run and per-query file, which every share made
    expect(copied).toBeGreaterThan(same);
    const results = await run(folder, path('merged'), here);
    expect(results.map(({ record }) => record.provenance.cost)).toMatchObject([
      { texts: 0 },
      { texts: 0 },
      { pairs: 0 },
    ]);
    await expectSameResults(path('merged'), path('alone'));
    expect(await mergeFolders([path('merged')], path('merged'))).toMatchObject({ copied: 0 });
  });

  it('are refused, all of them, where one is damaged or has other content', async () => {
    const folder = temporaryFolder();
    const path = (name: string): string => join(folder, name);
    await writeSmallTask(path('small'));
    await run(folder, path('a'), share(1, 2));
    await cp(path('a'), path('b'), { recursive: true });
    const [shard] = await shardsIn(path('b'));
    const bytes = await readFile(shard!);
    bytes[bytes.length - 1]! ^= 1;
    await writeFile(shard!, bytes);
    await expect(mergeFolders([path('a'), path('b')], path('out'))).rejects.toThrow(
      `${shard!}: has a wrong checksum; delete it`,
    );
    await rm(shard!);
    const runFile = (await readdir(path('b'), { recursive: true })).find((name) => name.endsWith('run.trec.gz'))!;
    await writeFile(join(path('b'), runFile), 'other');
    await expect(mergeFolders([path('a'), path('b')], path('out'))).rejects.toThrow(/have different content; keep one/);
    await expect(mergeFolders([path('a'), path('small')], path('out'))).rejects.toThrow(
      /holds neither results nor stored/,
    );
    await expect(mergeFolders([path('a'), path('c')], path('out'))).rejects.toThrow(/there is no such folder/);
    await expect(readdir(path('out'))).rejects.toThrow(/ENOENT/);
  });

  it('are made and merged on the command line', { timeout: 120_000 }, async () => {
    const folder = temporaryFolder();
    const path = (name: string): string => join(folder, name);
    await writeSmallTask(path('small'));
    const how = [
      'run',
      '--task',
      path('small'),
      '--model',
      smallModels.biEncoder,
      '--threads',
      '1',
      '--shard-size',
      '16',
    ];
    const one = (own: readonly string[]): ReturnType<typeof runCli> =>
      runCli([...how, '--output', path('results'), ...own]);
    const shares = await Promise.all(
      [1, 2].map((number) => one(['--shard', `${number}/2`, '--store', path(`store-${number}`)])),
    );
    expect(shares.map(({ status }) => status)).toEqual([0, 0]);
    expect(shares[0]!.stderr).toMatch(/share 1 of 2 is done/);
    expect((await runCli(['merge', path('store-1'), path('store-2'), '--output', path('store')])).status).toBe(0);
    const done = await one(['--store', path('store')]);
    expect(done.status, done.stderr).toBe(0);
    const [wrong, both] = await Promise.all([
      one(['--shard', '3/2']),
      one(['--shard', '1/2', '--queue', 'redis://127.0.0.1:1']),
      runCli([...how, '--output', path('alone')]),
    ]);
    await expectSameResults(path('results'), path('alone'));
    expect([wrong.status, both.status]).toEqual([2, 2]);
    expect(wrong.stderr).toMatch(/expected I\/N, as 2\/8/);
    expect(both.stderr).toMatch(/--queue and --shard: choose one/);
  });
});
