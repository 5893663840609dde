import { mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RetrievalTask } from '../../src/core/dataset.js';
import { profileByName, type ProfileName } from '../../src/core/profile.js';
import { rank, type Run } from '../../src/core/run.js';
import type { Runner } from '../../src/core/runner.js';
import type { SystemInfo } from '../../src/core/system.js';
import { openBeirFolder } from '../../src/datasets/beir-folder.js';
import type { PipelineContext, RunSettings } from '../../src/pipeline/context.js';
import { candidatesOf } from '../../src/pipeline/first-stage.js';
import { runOnTask } from '../../src/pipeline/stored-result.js';
import { limitTask } from '../../src/core/limit-task.js';
import { evaluateRun, parseMeasure } from '../../src/measures/index.js';
import { readRun } from '../../src/results/run-file.js';
import { loadPerQuery, loadResults, type StoredResult } from '../../src/results/store.js';
import { loadVerified } from '../../src/results/verify.js';
import { bm25Runner } from '../../src/runners/bm25.js';
import { oracleRunner } from '../../src/runners/oracle.js';
import { recordingProgress } from '../helpers/progress.js';
import { temporaryFolder } from '../helpers/folder.js';
import { writeSmallTask } from '../helpers/small-task.js';

let folder: string;
let task: RetrievalTask;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sgpt-bench-evaluate-'));
  await writeSmallTask(folder);
  task = await openBeirFolder(folder, 'small');
});

afterAll(async () => {
  await task.corpus.close();
  rmSync(folder, { recursive: true });
});

const context = (profile: ProfileName = 'sgpt-paper'): PipelineContext => ({
  profile: profileByName(profile),
  progress: recordingProgress(),
  command: 'sgpt-bench run --task small',
  threads: 1,
});

const settings = (output: string, changes: Partial<RunSettings> = {}): RunSettings => ({
  measures: ['nDCG@10', 'R@100'],
  topK: 1000,
  output,
  overwrite: false,
  ...changes,
});

/** A runner that returns a given run: what is tested is the pipeline. */
function fixedRunner(run: Run): Runner {
  const system: SystemInfo = { name: 'Fixed', runner: 'fixed', family: 'Fixed', model: null, settings: {} };
  return {
    systemsOn: () => [system],
    run: (_task, { topK }) =>
      Promise.resolve([
        {
          system,
          output: {
            kind: 'ranking',
            run: new Map([...run].map(([id, { ids, scores }]) => [id, rank(ids, scores, topK)])),
          },
          cost: { seconds: { search: 0 } },
        },
      ]),
    close: () => Promise.resolve(),
  };
}

describe('a result', () => {
  it('holds the means of the run that lies beside it, and the scores by query', async () => {
    const output = temporaryFolder();
    const [result] = await runOnTask(
      bm25Runner('elasticsearch', 1),
      task,
      null,
      settings(output),
      context('trec_eval'),
    );
    const { record } = result!;
    const run = await readRun(join(result!.folder, record.files.run!.name));
    const measures = record.measures;
    const again = evaluateRun(
      task.qrels,
      run,
      Object.keys(measures).map((name) => parseMeasure(name)),
      {
        average: 'complete',
        identicalIds: 'keep',
        decimals: null,
      },
    );
    expect(Object.fromEntries(again.means)).toEqual(measures);
    const perQuery = await loadPerQuery(result!);
    const values = perQuery.queries.map(({ values }) => values[perQuery.measures.indexOf('nDCG@10')] ?? 0);
    const mean = values.reduce((sum, value) => sum + value, 0) / task.queries.length;
    expect(mean).toBeCloseTo(measures['nDCG@10']!, 12);
    for (const query of perQuery.queries) {
      expect(query.top.map(({ id }) => id)).toEqual(run.get(query.id)?.ids.slice(0, 10) ?? []);
      for (const { id, grade } of query.top) expect(grade).toBe(task.qrels.get(query.id)?.get(id) ?? null);
    }
    expect((await loadResults(output)).map((stored) => stored.record)).toEqual([record]);
  });

  it('is taken as it is when the same work is asked for again, and made anew with overwrite', async () => {
    const output = temporaryFolder();
    const retriever = bm25Runner('elasticsearch', 1);
    const [first] = await runOnTask(retriever, task, null, settings(output), context());
    const path = join(first!.folder, 'record.json');
    const written = statSync(path).mtimeMs;
    const [second] = await runOnTask(retriever, task, null, settings(output), context());
    expect(second!.record).toEqual(first!.record);
    expect(statSync(path).mtimeMs).toBe(written);
    const run = readFileSync(join(first!.folder, 'run.trec.gz'));
    await runOnTask(retriever, task, null, settings(output, { overwrite: true }), context());
    expect(statSync(path).mtimeMs).toBeGreaterThan(written);
    expect(readFileSync(join(first!.folder, 'run.trec.gz'))).toEqual(run);
  });

  it.each<[string, (folder: string) => void, string]>([
    [
      'its run was cut',
      (folder) => {
        truncateSync(join(folder, 'run.trec.gz'), 100);
      },
      'run.trec.gz is not the file',
    ],
    [
      'its run is missing',
      (folder) => {
        rmSync(join(folder, 'run.trec.gz'));
      },
      'run.trec.gz is missing',
    ],
    [
      'its scores are missing',
      (folder) => {
        rmSync(join(folder, 'per-query.json.gz'));
      },
      'per-query.json.gz is missing',
    ],
    [
      'an older version wrote it',
      (folder) => {
        const path = join(folder, 'record.json');
        writeFileSync(path, readFileSync(path, 'utf8').replace(/"version": \d+/, '"version": 1'));
      },
      'record.json has version 1',
    ],
  ])('is computed again where %s, and says so', async (_, damage, why) => {
    const output = temporaryFolder();
    const [first] = await runOnTask(bm25Runner('elasticsearch', 1), task, null, settings(output), context());
    damage(first!.folder);
    const told = { ...context(), progress: recordingProgress() };
    const [again] = await runOnTask(bm25Runner('elasticsearch', 1), task, null, settings(output), told);
    expect({ ...again!.record, provenance: null }).toEqual({ ...first!.record, provenance: null });
    expect((await loadVerified(again!)).folder).toBe(first!.folder);
    expect(told.progress.notes.join('\n')).toContain(why);
  });

  it('gains a measure that is asked for later, without a search', async () => {
    const output = temporaryFolder();
    const retriever = bm25Runner('elasticsearch', 1);
    const [first] = await runOnTask(retriever, task, null, settings(output), context());
    const searched: Runner = { ...retriever, run: () => Promise.reject(new Error('searched again')) };
    const wanted = settings(output, { measures: ['nDCG@10', 'AP@5'] });
    const [second] = await runOnTask(searched, task, null, wanted, context());
    const [whole] = await runOnTask(
      retriever,
      task,
      null,
      settings(temporaryFolder(), { measures: ['nDCG@10', 'R@100', 'AP@5'] }),
      context(),
    );
    expect(second!.record.measures).toEqual(whole!.record.measures);
    expect(second!.record.fingerprint).toBe(first!.record.fingerprint);
    expect(second!.record.provenance).toEqual(first!.record.provenance);
    expect((await loadPerQuery(second!)).measures).toEqual(['nDCG@10', 'R@100', 'AP@5']);
  });

  it('of other work has another fingerprint', async () => {
    const output = temporaryFolder();
    const retriever = bm25Runner('elasticsearch', 1);
    const fingerprints = new Set<string>();
    const variants = [
      { settings: settings(output), context: context() },
      { settings: settings(output, { topK: 10 }), context: context() },
      { settings: settings(output), context: context(), limit: 3 },
      { settings: settings(output), context: context('trec_eval') },
    ];
    for (const variant of variants) {
      const [result] = await runOnTask(
        retriever,
        limitTask(task, variant.limit ?? null),
        null,
        variant.settings,
        variant.context,
      );
      fingerprints.add(result!.record.fingerprint);
    }
    expect(fingerprints.size).toBe(variants.length);
  });

  it('of the first queries says so', async () => {
    const limited = limitTask(task, 3);
    const [result] = await runOnTask(
      bm25Runner('elasticsearch', 1),
      limited,
      null,
      settings(temporaryFolder()),
      context(),
    );
    expect(result!.record.task).toMatchObject({ queryLimit: 3, queries: 3 });
    expect((await loadPerQuery(result!)).queries).toHaveLength(3);
  });

  it('of a re-ranker names its first stage, and changes when the candidates do', async () => {
    const output = temporaryFolder();
    const [bm25] = await runOnTask(bm25Runner('elasticsearch', 1), task, null, settings(output), context());
    const rerank = async (depth: number): Promise<StoredResult> => {
      const candidates = await candidatesOf(bm25!, depth);
      const [result] = await runOnTask(oracleRunner(), task, candidates, settings(output), context());
      return result!;
    };
    const one = await rerank(10);
    const two = await rerank(20);
    expect(one.record.firstStage).toMatchObject({ name: 'BM25 elasticsearch', depth: 10 });
    expect(two.record.fingerprint).not.toBe(one.record.fingerprint);
    expect(two.record.measures['nDCG@10']).toBeGreaterThanOrEqual(one.record.measures['nDCG@10']!);
    expect(one.record.measures['nDCG@10']).toBeGreaterThanOrEqual(bm25!.record.measures['nDCG@10']!);
  });
});

describe('documents with the id of the query', () => {
  it('are removed where the profile says so, without costing a place', async () => {
    const queryId = task.queries[0]!.id;
    const run = new Map([[queryId, rank([queryId, 'd001', 'd002', 'd003'], [4, 3, 2, 1])]]);
    const idsUnder = async (profile: ProfileName): Promise<readonly string[]> => {
      const output = temporaryFolder();
      const withSelf = { ...task, corpus: { ...fakeCorpus(), size: 4 } };
      const [result] = await runOnTask(
        fixedRunner(run),
        withSelf,
        null,
        settings(output, { topK: 2 }),
        context(profile),
      );
      return (await readRun(join(result!.folder, 'run.trec.gz'))).get(queryId)!.ids;
    };
    expect(await idsUnder('beir')).toEqual(['d001', 'd002']);
    expect(await idsUnder('trec_eval')).toEqual([queryId, 'd001']);
    expect(await idsUnder('mteb')).toEqual([queryId, 'd001']);
  });

  function fakeCorpus(): RetrievalTask['corpus'] {
    return {
      size: 4,
      documents: () => task.corpus.documents(),
      fetch: (ids) => Promise.resolve(ids.map((id) => ({ id, title: id, text: id }))),
      close: () => Promise.resolve(),
    };
  }
});
