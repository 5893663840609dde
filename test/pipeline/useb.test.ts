import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { runPlan } from '../../src/pipeline/run-plan.js';
import { InputError } from '../../src/core/errors.js';
import type { PairScorer } from '../../src/core/model.js';
import { limitTask } from '../../src/core/limit-task.js';
import { profileByName } from '../../src/core/profile.js';
import type { ShardRequest } from '../../src/core/shards.js';
import { usebMainMeasures, type UsebTask } from '../../src/core/useb.js';
import { openUsebTasks } from '../helpers/tasks.js';
import type { PipelineContext, RunSettings } from '../../src/pipeline/context.js';
import { loadPerQuery, loadResults, type StoredResult } from '../../src/results/store.js';
import { crossEncoderRunner } from '../../src/runners/cross-encoder.js';
import { biEncoderRunner } from '../../src/runners/bi-encoder.js';
import { specsOf, type SystemValues } from '../../src/runners/specs.js';
import { VectorStore } from '../../src/stores/index.js';
import { runOnTask } from '../../src/pipeline/stored-result.js';
import { noteUsebAverages } from '../../src/pipeline/useb.js';
import { runCli } from '../helpers/cli.js';
import { temporaryFolder } from '../helpers/folder.js';
import { hashEmbedding, hashEncoder } from '../helpers/hash-encoder.js';
import { recordingProgress } from '../helpers/progress.js';
import { smallModels } from '../helpers/small-task.js';

type Numbers = Readonly<Record<string, number>>;

/** What useb 0.0.1 computes: tools/goldens/useb/useb_numbers.py. */
const golden = JSON.parse(
  gunzipSync(readFileSync(join(import.meta.dirname, '../measures/goldens/useb.json.gz'))).toString(),
) as { sets: { odd: { 'by-task': { test: Numbers } } }; printed: { test: Numbers } };

const fixtures = join(import.meta.dirname, '../datasets/fixtures');

const contextOf = (progress = recordingProgress()): PipelineContext => ({
  profile: profileByName('sgpt-paper'),
  progress,
  command: 'sgpt-bench run --task demo/useb',
  threads: 1,
});

const settingsOf = (output: string, changes: Partial<RunSettings> = {}): RunSettings => ({
  measures: ['nDCG@10'],
  topK: 1000,
  output,
  overwrite: false,
  ...changes,
});

/** The cosine of two {@link hashEmbedding}s as a pair score. */
function hashScorer(): PairScorer {
  const cosine = (a: Float32Array, b: Float32Array): number => {
    const dot = (x: Float32Array, y: Float32Array): number => x.reduce((sum, value, i) => sum + value * y[i]!, 0);
    const lengths = Math.sqrt(dot(a, a) * dot(b, b));
    return lengths === 0 ? 0 : dot(a, b) / lengths;
  };
  return {
    model: hashEncoder().model,
    settings: { prompt: 'none' },
    score: (groups, options) =>
      Promise.resolve(
        groups.map(({ document, queries }) => {
          options?.onProgress?.(queries.length);
          return Float32Array.from(queries, (query) => cosine(hashEmbedding(document), hashEmbedding(query)));
        }),
      ),
    close: () => Promise.resolve(),
  };
}

async function benchAll(
  tasks: readonly UsebTask[],
  output: string,
  changes: { settings?: Partial<RunSettings>; progress?: ReturnType<typeof recordingProgress> } = {},
): Promise<{ results: StoredResult[]; encoded: string[] }> {
  const encoder = hashEncoder();
  const store = new VectorStore(join(output, '.cache'));
  const runner = biEncoderRunner({ encoder, store }, { threads: 1 });
  const results: StoredResult[] = [];
  for (const task of tasks) {
    results.push(
      ...(await runOnTask(runner, task, null, settingsOf(output, changes.settings), contextOf(changes.progress))),
    );
  }
  return { results, encoded: encoder.encoded };
}

describe('a USEB task in the pipeline', () => {
  it('records every number that useb prints, as a fraction', async () => {
    const output = temporaryFolder();
    const { results } = await benchAll(await openUsebTasks('demo/useb', 'nowhere'), output);
    const measures = Object.assign({}, ...results.map(({ record }) => record.measures)) as Numbers;
    const printed = Object.entries(golden.printed.test).map(([key, value]) => [key, Number((value / 100).toFixed(4))]);
    expect(measures).toEqual(Object.fromEntries(printed));
    // Read again, a record passes its schema.
    const stored = await loadResults(output);
    expect(stored.map(({ record }) => record.mainMeasure).sort()).toEqual(Object.values(usebMainMeasures).sort());
    expect(stored.map(({ record }) => record.files.run)).toEqual([null, null, null, null]);
  });

  it('keeps the values of each query where there are such', async () => {
    const { results } = await benchAll(await openUsebTasks('demo/useb', 'nowhere'), temporaryFolder());
    const counts: [string, number, number][] = [];
    for (const result of results) {
      const { measures, queries } = await loadPerQuery(result);
      counts.push([result.record.task.name, measures.length, queries.length]);
      for (const { values } of queries) expect(values).toHaveLength(measures.length);
    }
    expect(counts).toEqual([
      ['demo/useb/askubuntu', 12, 19],
      ['demo/useb/cqadupstack', 2, 25],
      ['demo/useb/twitterpara', 0, 0],
      ['demo/useb/scidocs', 4, 36],
    ]);
  });

  it('encodes a text once, takes finished results as they are, and finds vectors again', async () => {
    const tasks = await openUsebTasks('demo/useb/askubuntu', 'nowhere');
    const output = temporaryFolder();
    const first = await benchAll(tasks, output);
    expect(new Set(first.encoded).size).toBe(first.encoded.length);
    const again = await benchAll(tasks, output);
    expect(again.encoded).toEqual([]);
    expect(again.results.map(({ record }) => record)).toEqual(first.results.map(({ record }) => record));
    const anew = await benchAll(tasks, output, { settings: { overwrite: true } });
    expect(anew.encoded).toEqual([]);
    expect(anew.results[0]!.record.measures).toEqual(first.results[0]!.record.measures);
    expect(anew.results[0]!.record.provenance.cost.texts).toBe(0);
  });

  it('ends every stage of progress and says the main number', async () => {
    const progress = recordingProgress();
    await benchAll(await openUsebTasks('demo/useb', 'nowhere'), temporaryFolder(), { progress });
    for (const stage of progress.stages) expect(stage).toMatchObject({ done: stage.total, ended: true });
    const main = golden.printed.test['map_askubuntu_title']!.toFixed(2);
    expect(progress.notes).toContain(`demo/useb/askubuntu: BE hash trigrams: map_askubuntu_title ${main}`);
  });
});

it('refuses vectors that are not finite', async () => {
  const [task] = await openUsebTasks('useb/twitterpara', fixtures);
  const encoder = hashEncoder();
  const broken = {
    ...encoder,
    encode: async (...args: Parameters<typeof encoder.encode>) => {
      const [matrix] = await encoder.encode(...args);
      matrix!.data[100] = NaN;
      return [matrix!];
    },
  };
  const stored = { encoder: broken, store: new VectorStore(temporaryFolder()) };
  const runner = biEncoderRunner(stored, { threads: 1 });
  await expect(runner.run(task!, { topK: 1000, candidates: null }, contextOf())).rejects.toThrow(
    /the vector of ".+" has the value NaN; expected finite numbers/,
  );
});

describe('noteUsebAverages', () => {
  it('averages the four main numbers as printed, for complete systems alone', async () => {
    const { results } = await benchAll(await openUsebTasks('demo/useb', 'nowhere'), temporaryFolder());
    const progress = recordingProgress();
    noteUsebAverages(results, progress);
    const main = Object.values(usebMainMeasures).map((key) => golden.printed.test[key]!);
    const average = main.reduce((sum, value) => sum + value, 0) / 4;
    expect(progress.notes).toEqual([
      `demo/useb: BE hash trigrams: average of the four main scores ${average.toFixed(2)}`,
    ]);
    noteUsebAverages(results.slice(1), progress);
    expect(progress.notes).toHaveLength(1);
  });
});

describe('a cross-encoder', () => {
  it("re-ranks AskUbuntu's candidates: by cosines as pair scores it has useb's numbers", async () => {
    const [task] = await openUsebTasks('useb/askubuntu', fixtures);
    const output = temporaryFolder();
    const runner = crossEncoderRunner({ scorer: hashScorer(), store: new VectorStore(join(output, '.cache')) });
    const [result] = await runOnTask(runner, task!, null, settingsOf(output), contextOf());
    const expected = golden.sets.odd['by-task'].test;
    for (const [key, value] of Object.entries(result!.record.measures)) expect(value).toBeCloseTo(expected[key]!, 4);
    expect(Object.keys(result!.record.measures)).toHaveLength(12);
    expect(result!.record.system).toMatchObject({ runner: 'cross-encoder', name: 'CE hash none' });
    expect(result!.record.firstStage).toMatchObject({ name: "USEB's BM25", depth: 15 });
  });

  it('refuses the other tasks', async () => {
    const [task] = await openUsebTasks('useb/scidocs', fixtures);
    const runner = crossEncoderRunner({ scorer: hashScorer(), store: new VectorStore(temporaryFolder()) });
    await expect(runner.run(task!, { topK: 1000, candidates: null }, contextOf())).rejects.toThrow(
      /runs only on AskUbuntu/,
    );
  });
});

describe('a plan with tasks of USEB', () => {
  it.each([
    [
      { runner: ['bm25'] },
      /useb\/askubuntu: the runner bm25 cannot run this task; choose --runner bi-encoder or cross/,
    ],
    [
      { runner: ['bi-encoder', 'oracle'], model: ['never/opened'] },
      /useb\/askubuntu: the runner oracle cannot run this task/,
    ],
    [
      { runner: ['cross-encoder'], model: ['never/opened'], prompt: ['G'] },
      /useb\/cqadupstack: the runner cross-encoder .* runs only on askubuntu/,
    ],
  ] as [SystemValues, RegExp][])('refuses before any work: %o', async (values, message) => {
    const tasks = await openUsebTasks('useb', fixtures);
    const started = runPlan(await specsOf(values), tasks, settingsOf(temporaryFolder()), contextOf());
    await expect(started).rejects.toThrow(InputError);
    await expect(started).rejects.toThrow(message);
  });

  it('can be limited to the first queries of each part, and shared by single shards', async () => {
    const tasks = (await openUsebTasks('demo/useb')).map((task) => limitTask(task, 3));
    expect(tasks.map(({ facts }) => facts.queries)).toEqual([3, 6, 6, 12]);
    const { results } = await benchAll(tasks as UsebTask[], temporaryFolder());
    expect(results.map(({ record }) => record.task.queryLimit)).toEqual([3, 3, 3, 3]);
    for (const task of tasks) {
      const encoder = hashEncoder();
      const runner = biEncoderRunner({ encoder, store: new VectorStore(temporaryFolder()) }, { threads: 1 });
      const asked: ShardRequest[] = [];
      const make = (shard: ShardRequest, compute: () => Promise<void>): Promise<void> => {
        asked.push(shard);
        return compute();
      };
      await runner.fill!(
        task,
        { topK: 1, candidates: null },
        { ...contextOf(), shards: { inFlight: 2, size: 5, make } },
      );
      for (const { part, keys } of asked.reverse())
        expect((await runner.openShard!(task, part, profileByName('sgpt-paper'))).keys).toEqual(keys);
      expect(asked.length).toBeGreaterThan(1);
    }
  });
});

describe('sgpt-bench run --task demo/useb', () => {
  it('runs a checkpoint on all four tasks, without brackets and to the length of the model', async () => {
    const args = ['run', '--task', 'demo/useb', '--model', smallModels.biEncoder, '--threads', '1'];
    const output = temporaryFolder();
    const { status, stdout, stderr } = await runCli([...args, '--normalize', '--output', output, '--json']);
    expect({ status, stderr }).toMatchObject({
      status: 0,
      stderr: expect.stringMatching(/average of the four main scores \d+\.\d\d/) as string,
    });
    const records = JSON.parse(stdout) as StoredResult['record'][];
    expect(records.map(({ task }) => task.name)).toEqual(
      ['askubuntu', 'cqadupstack', 'twitterpara', 'scidocs'].map((name) => `demo/useb/${name}`),
    );
    const { max_position_embeddings: maxTokens } = JSON.parse(
      readFileSync(join(smallModels.biEncoder, 'config.json'), 'utf8'),
    ) as { max_position_embeddings: number };
    for (const { system } of records) {
      expect(system.settings).toMatchObject({ brackets: 'none', maxTokens, normalize: 'all' });
    }
  });
});
