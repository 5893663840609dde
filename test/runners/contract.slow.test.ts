import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RetrievalTask } from '../../src/core/dataset.js';
import { InterruptedError } from '../../src/core/errors.js';
import { profileByName } from '../../src/core/profile.js';
import { compareScored, type Run } from '../../src/core/run.js';
import type { CandidateRun, Runner, RunnerContext, SystemOutput } from '../../src/core/runner.js';
import type { ShardRequest } from '../../src/core/shards.js';
import type { PartialSpec } from '../../src/core/system-spec.js';
import { openBeirFolder } from '../../src/datasets/beir-folder.js';
import { checkSpec } from '../../src/runners/check-spec.js';
import { runnerKindOf, runnerKinds } from '../../src/runners/index.js';
import { VectorStore } from '../../src/stores/index.js';
import { recordingProgress } from '../helpers/progress.js';
import { smallModels, writeSmallTask } from '../helpers/small-task.js';

/**
 * What every runner keeps to, whatever it computes. The runners are those of the table; a new one needs a spec here, and the
 * first test fails without.
 */
const specs: Readonly<Record<string, PartialSpec>> = {
  bm25: { runner: 'bm25', bm25: 'anserini-flat' },
  'bi-encoder': {
    runner: 'bi-encoder',
    model: smallModels.biEncoder,
    pooling: ['weightedmean', 'mean', 'lasttoken'],
  },
  'cross-encoder': { runner: 'cross-encoder', model: smallModels.causal, prompt: 'G' },
  oracle: { runner: 'oracle' },
};

let folder: string;
let task: RetrievalTask;
let candidates: CandidateRun;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sgpt-bench-contract-'));
  await writeSmallTask(folder);
  task = await openBeirFolder(folder, 'small');
  const bm25 = await open('bm25', 'first-stage');
  const [output] = await bm25.run(task, { topK: 20, candidates: null }, context());
  candidates = { name: 'BM25', run: runOf(output!), depth: 5 };
});

afterAll(async () => {
  await task.corpus.close();
  rmSync(folder, { recursive: true });
});

function context(
  more: Partial<RunnerContext> = {},
): RunnerContext & { progress: ReturnType<typeof recordingProgress> } {
  return { profile: profileByName('beir'), ...more, progress: recordingProgress() };
}

async function open(name: string, store: string): Promise<Runner> {
  const spec = await checkSpec(specs[name]!);
  return runnerKindOf(name).open(spec, {
    ...{ profile: profileByName('beir'), threads: 2, progress: recordingProgress(), cacheFolder: folder, task },
    store: (dtype) => new VectorStore(join(folder, store), { dtype }),
  });
}

const runOf = ({ output }: SystemOutput): Run => {
  if (output.kind !== 'ranking') throw new Error('expected a ranking');
  return output.run;
};
const requestOf = (name: string, topK: number): { topK: number; candidates: CandidateRun | null } => ({
  topK,
  candidates: runnerKindOf(name).reranks ? candidates : null,
});

async function idsOfCorpus(): Promise<Set<string>> {
  const ids = new Set<string>();
  for await (const { id } of task.corpus.documents()) ids.add(id);
  return ids;
}

function expectRanked(run: Run, limit: number, known: ReadonlySet<string>): void {
  const queries = new Set(task.queries.map(({ id }) => id));
  expect(run.size).toBeGreaterThan(0);
  for (const [queryId, { ids, scores }] of run) {
    expect(queries.has(queryId)).toBe(true);
    expect(ids.length).toBeGreaterThan(0);
    expect(ids.length).toBeLessThanOrEqual(limit);
    expect(scores.length).toBe(ids.length);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.every((id) => known.has(id))).toBe(true);
    expect(scores.every(Number.isFinite)).toBe(true);
    for (let i = 1; i < ids.length; i++) {
      expect(compareScored(scores[i - 1]!, ids[i - 1]!, scores[i]!, ids[i]!)).toBeLessThan(0);
    }
  }
}

it('every runner of the table is held to this contract', () => {
  expect(Object.keys(specs)).toEqual(runnerKinds.map(({ name }) => name));
});

describe.each(runnerKinds)('the runner $name', ({ name, reranks }) => {
  it('ranks known documents in ranking order, and reports all progress', async () => {
    const runner = await open(name, `${name}-a`);
    const here = context();
    const outputs = await runner.run(task, requestOf(name, 7), here);
    const systems = runner.systemsOn(task);
    await runner.close();
    expect(outputs.map(({ system }) => system)).toEqual(systems);
    expect(new Set(systems.map((system) => system.name)).size).toBe(systems.length);
    expect(systems.every((system) => system.runner === name)).toBe(true);
    for (const output of outputs) expectRanked(runOf(output), 7, await idsOfCorpus());
    for (const stage of here.progress.stages)
      expect(stage, stage.label).toMatchObject({ done: stage.total, ended: true });
  });

  it('gives the same run again, from the store and without it', async () => {
    const runner = await open(name, `${name}-b`);
    const first = await runner.run(task, requestOf(name, 7), context());
    const stored = await runner.run(task, requestOf(name, 7), context());
    await runner.close();
    const other = await open(name, `${name}-c`);
    const fresh = await other.run(task, requestOf(name, 7), context());
    await other.close();
    expect(stored.map(runOf)).toEqual(first.map(runOf));
    expect(fresh.map(runOf)).toEqual(first.map(runOf));
  });

  it.skipIf(reranks)('gives a prefix where fewer documents are asked for', async () => {
    const runner = await open(name, `${name}-b`);
    const longer = await runner.run(task, requestOf(name, 7), context());
    const shorter = await runner.run(task, requestOf(name, 3), context());
    await runner.close();
    shorter.forEach((output, i) => {
      for (const [id, { ids }] of runOf(output)) expect(ids).toEqual(runOf(longer[i]!).get(id)!.ids.slice(0, 3));
    });
  });

  it.runIf(reranks)('orders exactly the first candidates anew and leaves the first stage as it was', async () => {
    const before = structuredClone(candidates);
    const runner = await open(name, `${name}-b`);
    const [output] = await runner.run(task, requestOf(name, 1000), context());
    await runner.close();
    const run = runOf(output!);
    expect([...run.keys()].sort()).toEqual([...candidates.run.keys()].sort());
    for (const [id, { ids }] of run)
      expect([...ids].sort()).toEqual(candidates.run.get(id)!.ids.slice(0, candidates.depth).sort());
    expect(candidates).toEqual(before);
  });

  it('stops when asked to, where it works long', async () => {
    const runner = await open(name, `${name}-d`);
    const stopped = runner.run(task, requestOf(name, 7), context({ signal: AbortSignal.abort() }));
    if (name === 'oracle') await stopped;
    else await expect(stopped).rejects.toBeInstanceOf(InterruptedError);
    await runner.close();
  });

  it('computes by single shards what it stores, under the same keys', async () => {
    const runner = await open(name, `${name}-e`);
    expect(runner.openShard === undefined).toBe(runner.fill === undefined);
    expect(runner.stored === undefined).toBe(runner.fill === undefined);
    const asked: ShardRequest[] = [];
    const shards = {
      inFlight: 1,
      size: 16,
      make: (shard: ShardRequest, compute: () => Promise<void>) => {
        asked.push(shard);
        return compute();
      },
    };
    await runner.fill?.(task, requestOf(name, 7), context({ shards }));
    for (const { part, keys } of asked) {
      const ready = await runner.openShard!(task, part, profileByName('beir'));
      expect(ready.keys).toEqual(keys);
      const { matrices } = await ready.compute(undefined, () => undefined);
      const store = new VectorStore(join(folder, `${name}-e`));
      for (const [i, key] of keys.entries()) expect(await store.get(key)).toEqual(matrices[i]);
    }
    expect(asked.length > 1).toBe(runner.fill !== undefined);
    await runner.close();
  });
});

describe('costs', () => {
  it('say how many texts were encoded, and the memory of all processes', async () => {
    const runner = await open('bi-encoder', 'costs');
    const [fresh] = await runner.run(task, requestOf('bi-encoder', 7), context());
    const [stored] = await runner.run(task, requestOf('bi-encoder', 7), context());
    await runner.close();
    const own = process.memoryUsage.rss() / 2 ** 20;
    expect(fresh!.cost.texts).toBe(task.queries.length + task.corpus.size);
    expect(fresh!.cost.memoryMiB).toBeGreaterThan(own / 2);
    expect(fresh!.cost.memoryMiB).toBeLessThan(own * 20);
    expect(stored!.cost.texts).toBe(0);
  });
});

describe('the oracle', () => {
  it('puts better grades first and keeps the order of equal ones', async () => {
    const oracle = await open('oracle', 'oracle');
    const [output] = await oracle.run(task, { topK: 1000, candidates: { ...candidates, depth: 20 } }, context());
    for (const [queryId, { ids }] of runOf(output!)) {
      const grade = (id: string): number => task.qrels.get(queryId)!.get(id) ?? 0;
      const before = candidates.run.get(queryId)!.ids;
      for (let i = 1; i < ids.length; i++) {
        const [a, b] = [ids[i - 1]!, ids[i]!];
        expect(grade(a)).toBeGreaterThanOrEqual(grade(b));
        if (grade(a) === grade(b)) expect(before.indexOf(a)).toBeLessThan(before.indexOf(b));
      }
    }
  });
});
