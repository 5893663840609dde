import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RetrievalTask } from '../../src/core/dataset.js';
import { InterruptedError } from '../../src/core/errors.js';
import { profileByName } from '../../src/core/profile.js';
import { compareScored, type Run } from '../../src/core/run.js';
import type { Reranker, Retriever, RunnerContext } from '../../src/core/runner.js';
import { openBeirFolder } from '../../src/suites/index.js';
import { createBiEncoder, createCrossEncoder } from '../../src/models/index.js';
import { biEncoderRetriever } from '../../src/runners/bi-encoder.js';
import { bm25Retriever } from '../../src/runners/bm25.js';
import { crossEncoderReranker } from '../../src/runners/cross-encoder.js';
import { oracleReranker } from '../../src/runners/oracle.js';
import { VectorStore } from '../../src/stores/index.js';
import { recordingProgress } from '../helpers/progress.js';
import { smallModels, writeSmallTask } from '../helpers/small-task.js';

/** What every retriever and re-ranker keeps to, whatever it computes. A new one is added to the tables below. */
let folder: string;
let task: RetrievalTask;
let firstStage: Run;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sgpt-bench-contract-'));
  await writeSmallTask(folder);
  task = await openBeirFolder(folder, 'small');
  const [bm25] = await bm25Retriever('elasticsearch', 1).retrieve(task, 20, context());
  firstStage = bm25!.run;
});

afterAll(async () => {
  await task.corpus.close();
  rmSync(folder, { recursive: true });
});

function context(signal?: AbortSignal): RunnerContext & { progress: ReturnType<typeof recordingProgress> } {
  return { profile: profileByName('beir'), progress: recordingProgress(), signal };
}

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

function expectStagesDone({ stages }: ReturnType<typeof recordingProgress>): void {
  for (const stage of stages) expect(stage, stage.label).toMatchObject({ done: stage.total, ended: true });
}

const retrievers: [string, (store: VectorStore) => Promise<Retriever>][] = [
  ['bm25', () => Promise.resolve(bm25Retriever('anserini-flat', 1))],
  [
    'bi-encoder',
    async (store) => {
      const poolings = ['weightedmean', 'mean', 'lasttoken'];
      const encoder = await createBiEncoder({ model: smallModels.biEncoder, poolings, maxTokens: null, threads: 2 });
      return biEncoderRetriever({ encoder, store }, 2);
    },
  ],
];

describe.each(retrievers)('retriever %s', (_, create) => {
  it('ranks known documents, at most top-k, in ranking order, and reports all progress', async () => {
    const retriever = await create(new VectorStore(join(folder, 'a')));
    const known = await idsOfCorpus();
    const here = context();
    const results = await retriever.retrieve(task, 7, here);
    expect(results.map(({ system }) => system)).toEqual(retriever.systems);
    expect(new Set(retriever.systems.map(({ name }) => name)).size).toBe(retriever.systems.length);
    for (const { run } of results) expectRanked(run, 7, known);
    expectStagesDone(here.progress);
    await retriever.close();
  });

  it('gives the same run again, from the store and without it; a smaller top-k is a prefix', async () => {
    const retriever = await create(new VectorStore(join(folder, 'b')));
    const first = await retriever.retrieve(task, 7, context());
    const stored = await retriever.retrieve(task, 7, context());
    const shorter = await retriever.retrieve(task, 3, context());
    await retriever.close();
    const other = await create(new VectorStore(join(folder, 'c')));
    const fresh = await other.retrieve(task, 7, context());
    await other.close();
    expect(stored.map(({ run }) => run)).toEqual(first.map(({ run }) => run));
    expect(fresh.map(({ run }) => run)).toEqual(first.map(({ run }) => run));
    shorter.forEach(({ run }, i) => {
      for (const [id, { ids }] of run) expect(ids).toEqual(first[i]!.run.get(id)!.ids.slice(0, 3));
    });
  });

  it('stops when asked to', async () => {
    const retriever = await create(new VectorStore(join(folder, 'd')));
    const stopped = retriever.retrieve(task, 7, context(AbortSignal.abort()));
    await expect(stopped).rejects.toBeInstanceOf(InterruptedError);
    await retriever.close();
  });
});

const rerankers: [string, (store: VectorStore) => Promise<Reranker>][] = [
  ['oracle', () => Promise.resolve(oracleReranker())],
  [
    'cross-encoder',
    async (store) => {
      const scorer = await createCrossEncoder({ model: smallModels.causal, prompt: 'G', threads: 2 });
      return crossEncoderReranker({ scorer, store });
    },
  ],
];

describe.each(rerankers)('re-ranker %s', (name, create) => {
  it('orders exactly the first candidates anew and leaves the first stage as it was', async () => {
    const reranker = await create(new VectorStore(join(folder, `${name}-a`)));
    const before = structuredClone(firstStage);
    const here = context();
    const { run, system } = await reranker.rerank(task, firstStage, 5, here);
    await reranker.close();
    expect(system).toEqual(reranker.system);
    expectRanked(run, 5, await idsOfCorpus());
    expect([...run.keys()].sort()).toEqual([...firstStage.keys()].sort());
    for (const [id, { ids }] of run) {
      expect([...ids].sort()).toEqual(firstStage.get(id)!.ids.slice(0, 5).sort());
    }
    expect(firstStage).toEqual(before);
    expectStagesDone(here.progress);
  });

  it('gives the same run again, from the store and without it', async () => {
    const reranker = await create(new VectorStore(join(folder, `${name}-b`)));
    const first = await reranker.rerank(task, firstStage, 5, context());
    const stored = await reranker.rerank(task, firstStage, 5, context());
    await reranker.close();
    const other = await create(new VectorStore(join(folder, `${name}-c`)));
    const fresh = await other.rerank(task, firstStage, 5, context());
    await other.close();
    expect(stored.run).toEqual(first.run);
    expect(fresh.run).toEqual(first.run);
  });
});

describe('costs', () => {
  it('say how many texts were encoded, and the memory of all processes', async () => {
    const [, create] = retrievers[1]!;
    const retriever = await create(new VectorStore(join(folder, 'costs')));
    const [fresh] = await retriever.retrieve(task, 7, context());
    const [stored] = await retriever.retrieve(task, 7, context());
    await retriever.close();
    const own = process.memoryUsage.rss() / 2 ** 20;
    expect(fresh!.cost.texts).toBe(task.queries.length + task.corpus.size);
    expect(fresh!.cost.memoryMiB).toBeGreaterThan(own / 2);
    expect(fresh!.cost.memoryMiB).toBeLessThan(own * 20);
    expect(stored!.cost.texts).toBe(0);
  });
});

describe('the oracle', () => {
  it('puts better grades first and keeps the order of equal ones', async () => {
    const { run } = await oracleReranker().rerank(task, firstStage, 20, context());
    for (const [queryId, { ids }] of run) {
      const grade = (id: string): number => task.qrels.get(queryId)!.get(id) ?? 0;
      const before = firstStage.get(queryId)!.ids;
      for (let i = 1; i < ids.length; i++) {
        const [a, b] = [ids[i - 1]!, ids[i]!];
        expect(grade(a)).toBeGreaterThanOrEqual(grade(b));
        if (grade(a) === grade(b)) expect(before.indexOf(a)).toBeLessThan(before.indexOf(b));
      }
    }
  });
});
