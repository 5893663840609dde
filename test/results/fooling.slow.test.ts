import { mkdtempSync, rmSync } from 'node:fs';
import { cp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { profileByName } from '../../src/core/profile.js';
import type { Task } from '../../src/core/task.js';
import { runOnTask } from '../../src/pipeline/stored-result.js';
import { baselineOf, writeBaseline } from '../../src/results/check/baseline.js';
import { loadResults } from '../../src/results/store.js';
import { sortResults } from '../../src/results/verify.js';
import { biEncoderRunner } from '../../src/runners/bi-encoder.js';
import { bm25Runner } from '../../src/runners/bm25.js';
import type { Runner } from '../../src/core/runner.js';
import { VectorStore } from '../../src/stores/index.js';
import { temporaryFolder } from '../helpers/folder.js';
import { hashEncoder } from '../helpers/hash-encoder.js';
import { recordingProgress } from '../helpers/progress.js';
import { openRetrieval, openUsebTasks } from '../helpers/tasks.js';
import { complaints, editRecord, editScores, editWork } from './tampering.js';

/** Results of BM25 and of an encoder on the bundled data, in two folders with a baseline each. */
const root = mkdtempSync(join(tmpdir(), 'sgpt-bench-fooling-'));
const retrieval = join(root, 'retrieval');
const useb = join(root, 'useb');
const elasticsearch = 'BM25 elasticsearch';

beforeAll(async () => {
  const task = await openRetrieval('demo/computing');
  for (const kind of ['elasticsearch', 'anserini-flat'] as const) await bench(retrieval, bm25Runner(kind, 1), task);
  await bench(join(root, 'complete'), bm25Runner('elasticsearch', 1), task, 'trec_eval');
  await task.corpus.close();
  const encoder = biEncoderRunner(
    { encoder: hashEncoder(), store: new VectorStore(join(root, 'store')) },
    { threads: 1 },
  );
  for (const one of await openUsebTasks('demo/useb')) await bench(useb, encoder, one);
  for (const folder of [retrieval, useb, join(root, 'complete')]) {
    const { whole, damaged } = await sortResults(await loadResults(folder));
    expect(damaged).toEqual([]);
    await writeBaseline(`${folder}.json`, baselineOf(whole));
  }
});

afterAll(() => {
  rmSync(root, { recursive: true });
});

async function bench(output: string, runner: Runner, task: Task, profile = 'sgpt-paper'): Promise<void> {
  const settings = { measures: ['nDCG@10', 'R@100', 'RR@10'], topK: 1000, output, overwrite: false };
  const context = { profile: profileByName(profile), progress: recordingProgress(), command: 'run', threads: 1 };
  await runOnTask(runner, task, null, settings, context);
}

/** A copy of results, and the folder of the one of a system or task. */
async function copyOf(source: string, name: string): Promise<{ folder: string; one: string }> {
  const folder = temporaryFolder();
  await cp(source, folder, { recursive: true });
  const found = (await loadResults(folder)).find(({ record }) => [record.system.name, record.task.name].includes(name));
  return { folder, one: found!.folder };
}

type Tamper = (one: string, folder: string) => Promise<void>;

/** Applies a change to one result and expects that exactly one complaint is made of it. */
async function expectComplaint(source: string, name: string, tamper: Tamper, reason: RegExp): Promise<void> {
  const { folder, one } = await copyOf(source, name);
  await tamper(one, folder);
  const found = await complaints(folder, `${source}.json`);
  expect(found).toHaveLength(1);
  expect(found[0]).toMatch(reason);
}

async function otherOf(one: string, folder: string): Promise<string> {
  return (await loadResults(folder)).find((result) => result.folder !== one)!.folder;
}

const fingerprint = /^damaged: .*fingerprint does not follow/;

describe('the gate passes', () => {
  it.each([retrieval, useb, join(root, 'complete')])('what was not changed: %s', async (folder) => {
    expect(await complaints(folder, `${folder}.json`)).toEqual([]);
  });

  it('results beside those of the baseline', async () => {
    const { folder } = await copyOf(retrieval, elasticsearch);
    await cp(join(root, 'complete'), join(folder, 'more'), { recursive: true });
    expect(await complaints(folder, `${retrieval}.json`)).toEqual([]);
  });
});

describe('a changed record is not taken for the result', () => {
  it.each<[string, Tamper, RegExp]>([
    [
      'a higher mean',
      (one) => editRecord(one, (r) => (r.measures['nDCG@10'] = 0.9)),
      /the mean of nDCG@10 is 0\.9, and 0\.\d+ follows/,
    ],
    [
      'a higher mean of a measure that is not gated',
      (one) => editRecord(one, (r) => (r.measures['RR@10']! += 0.001)),
      /the mean of RR@10/,
    ],
    [
      'a mean rounded differently',
      (one) => editRecord(one, (r) => (r.measures['nDCG@10'] = Math.round(r.measures['nDCG@10']! * 1e3) / 1e3)),
      /the mean of nDCG@10/,
    ],
    [
      'a mean with more decimals',
      (one) => editRecord(one, (r) => (r.measures['nDCG@10']! += 4e-6)),
      /the mean of nDCG@10/,
    ],
    [
      'a mean above 1',
      (one) => editRecord(one, (r) => (r.measures['R@100'] = 1.5)),
      /R@100 is 1\.5, which no such measure can be/,
    ],
    [
      'a mean that is null',
      (one) => editRecord(one, (r) => (r.measures['R@100'] = null as never)),
      /^refused: .*measures\.R@100/,
    ],
    [
      'a mean that is text',
      (one) => editRecord(one, (r) => (r.measures['R@100'] = '0.9' as never)),
      /^refused: .*measures\.R@100/,
    ],
    [
      'a mean beyond all numbers',
      async (one) => {
        const path = join(one, 'record.json');
        await writeFile(path, (await readFile(path, 'utf8')).replace(/"R@100": [\d.]+/, '"R@100": 1e999'));
      },
      /^refused: .*measures\.R@100/,
    ],
    ['another split', (one) => editRecord(one, (r) => (r.task.split = 'dev')), fingerprint],
    ['another data checksum', (one) => editRecord(one, (r) => (r.task.checksum = 'a'.repeat(64))), fingerprint],
    ['another number of queries', (one) => editRecord(one, (r) => (r.task.queries = 59)), fingerprint],
    ['another setting', (one) => editRecord(one, (r) => (r.system.settings['bm25'] = 'mine')), fingerprint],
    ['another profile', (one) => editRecord(one, (r) => (r.profile = 'beir')), fingerprint],
    ['another depth of rankings', (one) => editRecord(one, (r) => (r.topK = 10)), fingerprint],
    ['another fingerprint', (one) => editRecord(one, (r) => (r.fingerprint = 'b'.repeat(64))), fingerprint],
    [
      'means over all queries',
      (one) => editRecord(one, (r) => (r.evaluation.average = 'complete')),
      /evaluation is not that of the profile/,
    ],
    [
      'means of fewer decimals',
      (one) => editRecord(one, (r) => (r.evaluation.decimals = 2)),
      /evaluation is not that of the profile/,
    ],
    [
      'identical ids kept',
      (one) => editRecord(one, (r) => (r.evaluation.identicalIdsRemoved = false)),
      /evaluation is not that of the profile/,
    ],
    [
      'queries without a ranking',
      (one) => editRecord(one, (r) => (r.evaluation.queriesWithoutRanking = 7)),
      /0 queries without values, and 7 were expected/,
    ],
    [
      'a main measure without a mean',
      (one) => editRecord(one, (r) => (r.mainMeasure = 'AP@7')),
      /main measure AP@7 has no mean/,
    ],
    [
      "USEB's main measure, which has no run",
      (one) =>
        editRecord(one, (r) => {
          r.mainMeasure = 'ap_twitter_avg';
          r.files.run = null;
        }),
      /evaluation is not that of the profile/,
    ],
    [
      'a measure renamed',
      (one) =>
        editRecord(one, (r) => {
          r.measures['R@1000'] = r.measures['R@100']!;
          delete (r.measures as Record<string, number>)['R@100'];
        }),
      /has values of nDCG@10, R@100, RR@10, and the record has means of/,
    ],
    ['no run', (one) => editRecord(one, (r) => (r.files.run = null)), /names no run/],
    [
      'a run elsewhere',
      (one) => editRecord(one, (r) => (r.files.run!.name = '../run.trec.gz')),
      /^refused: .*files\.run\.name/,
    ],
    [
      'the hash of another run',
      (one) => editRecord(one, (r) => (r.files.run!.sha256 = 'c'.repeat(64))),
      /run\.trec\.gz is not the file/,
    ],
    ['a field of its own', (one) => editRecord(one, (r) => Object.assign(r, { note: 'trust me' })), /^refused: .*note/],
    [
      'an older version',
      (one) => editRecord(one, (r) => (r.version = 1 as never)),
      /^refused: .*record\.json has version 1, and this program reads version 2/,
    ],
    ['no JSON', (one) => truncate(join(one, 'record.json'), 300), /^refused: .*is not a readable record/],
  ])('%s', (_, tamper, reason) => expectComplaint(retrieval, elasticsearch, tamper, reason));
});

describe('another result is not taken for the result, although it is whole', () => {
  it.each<[string, Tamper, RegExp]>([
    [
      'of other data',
      (one) => editWork(one, (r) => (r.task.checksum = 'a'.repeat(64))),
      /^not comparable: .*data checksum/,
    ],
    [
      'of another split',
      (one) => editWork(one, (r) => (r.task.split = 'dev')),
      /^not comparable: .*split test and dev/,
    ],
    [
      'of a limited number of queries',
      (one) => editWork(one, (r) => (r.task.queryLimit = 60)),
      /^not comparable: .*queries all and the first 60/,
    ],
    [
      'of another profile',
      (one) => editWork(one, (r) => (r.profile = 'beir')),
      /^not comparable: .*profile sgpt-paper and beir/,
    ],
    ['of another system', (one) => editWork(one, (r) => (r.system.name = 'BM25 mine')), /^missing/],
    ['of another runner', (one) => editWork(one, (r) => (r.system.runner = 'oracle')), /^missing/],
    ['of another task', (one) => editWork(one, (r) => (r.task.name = 'demo/other')), /^missing/],
    [
      'without a gated measure',
      (one) =>
        editScores(one, (scores, record) => {
          const at = scores.measures.indexOf('R@100');
          scores.measures.splice(at, 1);
          for (const { values } of scores.queries) values.splice(at, 1);
          delete (record.measures as Record<string, number>)['R@100'];
        }),
      /^not comparable: .*R@100 in the baseline alone/,
    ],
    [
      'with a gated measure under another name',
      (one) =>
        editScores(one, (scores, record) => {
          scores.measures[scores.measures.indexOf('R@100')] = 'R@1000';
          record.measures = {
            'nDCG@10': record.measures['nDCG@10']!,
            'R@1000': record.measures['R@100']!,
            'RR@10': record.measures['RR@10']!,
          };
        }),
      /^not comparable: .*R@100 in the baseline alone/,
    ],
    [
      'with a query renamed',
      (one) => editScores(one, ({ queries }) => (queries[0]!.id = 'mine')),
      /^not comparable: .*queries in the baseline alone: 1 \(q01\), queries in the result alone: 1 \(mine\)/,
    ],
  ])('%s', (_, tamper, reason) => expectComplaint(retrieval, elasticsearch, tamper, reason));
});

describe('changed files are not taken for those of the record', () => {
  const run = 'run.trec.gz';
  const perQuery = 'per-query.json.gz';
  it.each<[string, Tamper, RegExp]>([
    ['a run that was deleted', (one) => rm(join(one, run)), /run\.trec\.gz is missing/],
    ['a run that was cut', (one) => truncate(join(one, run), 1000), /run\.trec\.gz is not the file/],
    [
      "another result's run",
      async (one, folder) => cp(join(await otherOf(one, folder), run), join(one, run)),
      /run\.trec\.gz is not the file/,
    ],
    [
      'a run compressed anew',
      async (one) => writeFile(join(one, run), gzipSync(gunzipSync(await readFile(join(one, run))), { level: 1 })),
      /run\.trec\.gz is not the file/,
    ],
    ['scores that were deleted', (one) => rm(join(one, perQuery)), /per-query\.json\.gz is missing/],
    ['scores that were cut', (one) => truncate(join(one, perQuery), 1000), /per-query\.json\.gz is not the file/],
    [
      "another result's scores",
      async (one, folder) => cp(join(await otherOf(one, folder), perQuery), join(one, perQuery)),
      /per-query\.json\.gz is not the file/,
    ],
    [
      'scores that are not compressed',
      async (one) => {
        const text = gunzipSync(await readFile(join(one, perQuery)));
        await writeFile(join(one, perQuery), text);
        const { sha256 } = await import('../../src/io/files.js');
        await editRecord(one, (r) => (r.files.perQuery.sha256 = sha256(text)));
      },
      /per-query\.json\.gz cannot be decompressed/,
    ],
  ])('%s', (_, tamper, reason) => expectComplaint(retrieval, elasticsearch, tamper, reason));
});

describe('scores that were changed with their hash do not pass for a whole result', () => {
  const best = (values: (number | null)[]): void => {
    values.fill(1);
  };
  it.each<[string, Parameters<typeof editScores>[1], RegExp]>([
    [
      'better values under the same mean',
      ({ queries }) => {
        best(queries[0]!.values);
      },
      /the mean of \S+ is .* follows/,
    ],
    [
      'a query invented',
      ({ queries }) => queries.push({ ...queries[0]!, id: 'q61', values: [1, 1, 1] }),
      /has 61 queries, and the record says 60/,
    ],
    [
      'a query invented, and counted',
      ({ queries }, record) => {
        queries.push({ ...queries[0]!, id: 'q61' });
        record.task.queries = 61;
      },
      /fingerprint/,
    ],
    ['a query doubled', ({ queries }) => (queries[1] = queries[0]!), /has query q01 twice/],
    ['a query dropped', ({ queries }) => queries.pop(), /has 59 queries, and the record says 60/],
    ['no queries', (scores) => (scores.queries = []), /has 0 queries/],
    [
      'a value above 1',
      ({ queries }) => (queries[4]!.values[0] = 1.2),
      /has 1\.2 for nDCG@10 of query q05, which no such measure can be/,
    ],
    ['a value below 0', ({ queries }) => (queries[4]!.values[1] = -0.1), /has -0\.1 for R@100 of query q05/],
    ['a value that is text', ({ queries }) => (queries[4]!.values[0] = '1' as never), /field "queries\.4\.values\.0"/],
    [
      'a value that is not a number',
      ({ queries }) => (queries[4]!.values[0] = NaN),
      /has values of query q05 for some measures only/,
    ],
    [
      'a query without values',
      ({ queries }) => {
        queries[4]!.values.fill(null);
      },
      /has 1 queries without values, and 0 were expected/,
    ],
    ['a value too few', ({ queries }) => queries[4]!.values.pop(), /has 2 values of query q05, and 3 measures/],
    ['a measure twice', (scores) => (scores.measures[1] = 'nDCG@10'), /has a measure twice/],
    [
      'a measure of an unknown name',
      (scores, record) => {
        scores.measures[2] = 'Luck@10';
        record.measures = {
          'nDCG@10': record.measures['nDCG@10']!,
          'R@100': record.measures['R@100']!,
          'Luck@10': record.measures['RR@10']!,
        };
      },
      /Luck@10 is not the name of a measure/,
    ],
    ['two columns exchanged', (scores) => scores.measures.reverse(), /the mean of RR@10/],
    ['an older version', (scores) => (scores.version = 1 as never), /field "version"/],
  ])('%s', (_, change, reason) =>
    expectComplaint(
      retrieval,
      elasticsearch,
      (one) => editScores(one, change),
      new RegExp(`^damaged: .*${reason.source}`),
    ),
  );

  it('a record of means over all queries that leaves one out', () =>
    expectComplaint(
      join(root, 'complete'),
      elasticsearch,
      (one) =>
        editScores(one, ({ queries }) => {
          queries[0]!.values.fill(null);
        }),
      /has 1 queries without values, and 0 were expected/,
    ));

  it('hard queries without a ranking, with means and counts that follow: they count 0', () =>
    expectComplaint(
      retrieval,
      elasticsearch,
      (one) =>
        editScores(one, ({ measures, queries }, record) => {
          for (const { values } of queries) if (values[0]! < 0.3) values.fill(null);
          const there = queries.filter(({ values }) => values[0] !== null);
          record.evaluation.queriesWithoutRanking = queries.length - there.length;
          measures.forEach((measure, i) => {
            const sum = there.reduce((total, { values }) => total + values[i]!, 0);
            const divisor = measure === 'RR@10' ? queries.length : there.length;
            record.measures[measure] = Number((sum / divisor).toFixed(5));
          });
        }),
      /^(large drop|dropped): .*have no ranking any more and count 0/,
    ));
});

describe("USEB's results are checked by the rules of their data set", () => {
  it.each<[string, string, Tamper, RegExp]>([
    [
      'a mean of queries',
      'demo/useb/askubuntu',
      (one) => editRecord(one, (r) => (r.measures['map_askubuntu_title'] = 0.9)),
      /the mean of map_askubuntu_title is 0\.9/,
    ],
    [
      'a mean of forums',
      'demo/useb/cqadupstack',
      (one) => editRecord(one, (r) => (r.measures['map@100_cqadupstack_avg']! += 0.01)),
      /the mean of map@100_cqadupstack_avg/,
    ],
    [
      'the mean of one forum',
      'demo/useb/cqadupstack',
      (one) => editRecord(one, (r) => (r.measures['ndcg@10_cqadupstack_cooking']! += 0.01)),
      /the mean of ndcg@10_cqadupstack_cooking/,
    ],
    [
      'a mean of relations',
      'demo/useb/scidocs',
      (one) => editRecord(one, (r) => (r.measures['map_scidocs_cosine_avg']! += 0.01)),
      /the mean of map_scidocs_cosine_avg/,
    ],
    [
      'the mean of one relation',
      'demo/useb/scidocs',
      (one) => editRecord(one, (r) => (r.measures['map_scidocs_cite_cosine']! += 0.01)),
      /the mean of map_scidocs_cite_cosine/,
    ],
    [
      'the mean of two parts',
      'demo/useb/twitterpara',
      (one) => editRecord(one, (r) => (r.measures['ap_twitter_avg']! += 0.01)),
      /the mean of ap_twitter_avg/,
    ],
    [
      'a measure of its own',
      'demo/useb/twitterpara',
      (one) => editRecord(one, (r) => (r.measures['luck'] = 0.5)),
      /luck is not a measure of this task/,
    ],
    [
      'a measure without values',
      'demo/useb/askubuntu',
      (one) => editRecord(one, (r) => (r.measures['luck'] = 0.5)),
      /luck is in only one/,
    ],
    [
      'a correlation below -1',
      'demo/useb/twitterpara',
      (one) => editRecord(one, (r) => (r.measures['spearman_twitter_pit'] = -1.2)),
      /spearman_twitter_pit is -1\.2/,
    ],
    [
      'a query moved to another forum',
      'demo/useb/cqadupstack',
      (one) =>
        editScores(one, ({ queries }) => {
          const at = queries.findIndex(({ id, values }) => id.startsWith('cooking/') && values[0]! > 0);
          queries[at]!.id = queries[at]!.id.replace('cooking', 'bicycles');
        }),
      /the mean of map@100_cqadupstack/,
    ],
    [
      'other decimals',
      'demo/useb/askubuntu',
      (one) => editRecord(one, (r) => (r.evaluation.decimals = 5)),
      /evaluation is not that of/,
    ],
    [
      'fewer queries',
      'demo/useb/scidocs',
      (one) => editScores(one, ({ queries }) => queries.pop()),
      /the mean of|queries in the baseline alone/,
    ],
  ])('%s', (_, task, tamper, reason) => expectComplaint(useb, task, tamper, reason));
});

describe('the folder of results does not hide anything', () => {
  it('a result that was removed is missed', () =>
    expectComplaint(retrieval, elasticsearch, (one) => rm(one, { recursive: true }), /^missing/));

  it('two results for one entry are refused', () =>
    expectComplaint(
      retrieval,
      elasticsearch,
      (one, folder) => cp(one, join(folder, 'copy'), { recursive: true }),
      /^refused: two results are of "BM25 elasticsearch"/,
    ));

  it('a result that was given to another task is missed, and fails', async () => {
    const { folder, one } = await copyOf(retrieval, elasticsearch);
    await editRecord(one, (r) => (r.task.name = 'demo/other'));
    const found = await complaints(folder, `${retrieval}.json`);
    expect(found).toEqual([expect.stringMatching(/^missing/), expect.stringMatching(fingerprint)]);
  });

  it('a damaged result that is not in the baseline fails too', () =>
    expectComplaint(
      retrieval,
      elasticsearch,
      async (one, folder) => {
        await cp(one, join(folder, 'another'), { recursive: true });
        await editRecord(join(folder, 'another'), (r) => (r.system.name = 'BM25 another'));
      },
      fingerprint,
    ));

  it('an empty folder is refused', async () => {
    expect(await complaints(temporaryFolder(), `${retrieval}.json`)).toEqual([
      expect.stringMatching(/^refused: .*holds no results/),
    ]);
  });
});

describe('a changed baseline is refused', () => {
  interface Entry {
    means: Record<string, number>;
    scores: [string, ...number[]][];
    byQuery: string[];
    digest?: string;
  }
  interface File {
    version: number;
    results: Entry[];
  }

  it.each<[string, (file: File) => void, RegExp]>([
    ['a lower mean', ({ results }) => (results[0]!.means['nDCG@10'] = 0.1), /results\.0\.digest/],
    [
      'lower scores',
      ({ results }) => {
        results[1]!.scores.forEach((row) => row.fill(0, 1));
      },
      /results\.1\.digest/,
    ],
    [
      'a measure no longer gated',
      ({ results }) => {
        delete results[0]!.means['R@100'];
      },
      /results\.0\.byQuery/,
    ],
    [
      'a measure without scores',
      ({ results }) => {
        results[0]!.byQuery.pop();
        results[0]!.scores.forEach((row) => row.pop());
      },
      /results\.0\.digest/,
    ],
    [
      'a query removed',
      ({ results }) => {
        results[0]!.scores.pop();
      },
      /results\.0\.digest/,
    ],
    [
      'no digest',
      ({ results }) => {
        delete results[0]!.digest;
      },
      /results\.0\.digest/,
    ],
    [
      'an entry twice',
      ({ results }) => {
        results.push(results[0]!);
      },
      /field "results".*lists a result twice/,
    ],
    [
      'an older version',
      (file) => (file.version = 1),
      /field "version": found 1; this program reads baselines of version 2/,
    ],
  ])('%s', async (_, change, reason) => {
    const file = JSON.parse(await readFile(`${retrieval}.json`, 'utf8')) as File;
    change(file);
    const path = join(temporaryFolder(), 'baseline.json');
    await writeFile(path, JSON.stringify(file));
    expect(await complaints(retrieval, path)).toEqual([
      expect.stringMatching(new RegExp(`^refused: .*${reason.source}`)),
    ]);
  });
});
