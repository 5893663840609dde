import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { RetrievalTask } from '../../src/core/dataset.js';
import { InputError } from '../../src/core/errors.js';
import { openBeirFolder, readQueries } from '../../src/datasets/beir-folder.js';
import { beirEntries } from '../../src/suites/beir/entries.js';
import { JsonlCorpus } from '../../src/datasets/jsonl-corpus.js';
import { temporaryFolder, writeFiles } from '../helpers/folder.js';
import { openRetrieval } from '../helpers/tasks.js';
import { nfcorpusFolder, nfcorpusMissing } from '../helpers/nfcorpus.js';

type Files = Readonly<Record<string, string | Uint8Array>>;

const good = {
  'corpus.jsonl': [
    '{"_id": "10", "title": "First", "text": "one"}',
    '{"_id": 9, "title": null, "text": "zwei – 二"}',
    '{"_id": "c", "text": "", "metadata": {"x": 1}}',
  ].join('\n'),
  'queries.jsonl': '{"_id": "q2", "text": "two"}\n{"_id": "q1", "text": "one"}\n{"_id": "q3", "text": "unjudged"}\n',
  'qrels/test.tsv': 'query-id\tcorpus-id\tscore\nq1\t10\t2\nq2\t9\t1\nq2\tgone\t1\nq9\tc\t1\n',
};

async function openWith(changes: Files, split?: string): Promise<RetrievalTask> {
  const folder = temporaryFolder();
  await writeFiles(folder, { ...good, ...changes });
  return openBeirFolder(folder, 'small', split);
}

async function allOf<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

describe('a folder in BEIR layout', () => {
  it('is read, with counts of unknown documents and queries', async () => {
    const task = await openWith({});
    expect(task.split).toBe('test');
    expect(task.queries).toEqual([
      { id: 'q2', text: 'two' },
      { id: 'q1', text: 'one' },
    ]);
    expect(task.facts).toMatchObject({
      documents: 3,
      queries: 2,
      judgements: 4,
      judgementsOfUnknownDocuments: 1,
      judgedQueriesWithoutText: 1,
    });
    const documents = await allOf(task.corpus.documents());
    expect(documents).toEqual([
      { id: '10', title: 'First', text: 'one' },
      { id: '9', title: '', text: 'zwei – 二' },
      { id: 'c', title: '', text: '' },
    ]);
    expect(await task.corpus.fetch(['c', '9', '10'])).toEqual([...documents].reverse());
    await task.corpus.close();
  });

  it('has the same checksum for equal files, and another one after a change', async () => {
    const one = await openWith({});
    const same = await openWith({});
    const other = await openWith({ 'qrels/test.tsv': good['qrels/test.tsv'].replace('q1\t10\t2', 'q1\t10\t1') });
    expect(same.facts.checksum).toBe(one.facts.checksum);
    expect(other.facts.checksum).not.toBe(one.facts.checksum);
    for (const task of [one, same, other]) await task.corpus.close();
  });

  it('reads documents by position behind a byte order mark and CRLF', async () => {
    const task = await openWith({ 'corpus.jsonl': '\ufeff' + good['corpus.jsonl'].replaceAll('\n', '\r\n') + '\r\n' });
    const documents = await allOf(task.corpus.documents());
    expect(await task.corpus.fetch(documents.map(({ id }) => id))).toEqual(documents);
    expect(documents).toHaveLength(3);
    await task.corpus.close();
  });

  it('reads gzip like plain files, with the same documents and checksum', async () => {
    const plain = await openWith({});
    const folder = temporaryFolder();
    const packed = Object.entries(good).map(([name, text]) => [`${name}.gz`, gzipSync(text)] as const);
    await writeFiles(folder, Object.fromEntries(packed));
    const task = await openBeirFolder(folder, 'small');
    expect(task.facts).toEqual(plain.facts);
    expect(await task.corpus.fetch(['c', '10'])).toEqual(await plain.corpus.fetch(['c', '10']));
    expect(await allOf(task.corpus.documents())).toEqual(await allOf(plain.corpus.documents()));
    for (const each of [plain, task]) await each.corpus.close();
  });

  it.each([
    ['without a header', 'q1\t10\t2\nq2\t9\t1\nq2\tgone\t1\nq9\tc\t1\n'],
    ["in TREC's four columns", 'q1 0 10 2\nq2 0 9 1\nq2\t0\tgone\t1\nq9 0 c 1\n'],
  ])('reads judgements %s', async (_, qrels) => {
    const usual = await openWith({});
    const task = await openWith({ 'qrels/test.tsv': qrels });
    expect(task.qrels).toEqual(usual.qrels);
    for (const each of [usual, task]) await each.corpus.close();
  });

  it('uses the only split, or the requested one', async () => {
    const folder = temporaryFolder();
    const { 'qrels/test.tsv': qrels, ...rest } = good;
    await writeFiles(folder, { ...rest, 'qrels/dev.tsv': qrels });
    const task = await openBeirFolder(folder, 'small');
    expect(task.split).toBe('dev');
    await task.corpus.close();
    await expect(openBeirFolder(folder, 'small', 'test')).rejects.toThrow('available splits: dev');
  });
});

describe('invalid data', () => {
  it.each<[string, Files, RegExp]>([
    [
      'a broken line',
      { 'corpus.jsonl': good['corpus.jsonl'] + '\n{"_id": "d", ' },
      /corpus\.jsonl: line 4 is not valid JSON/,
    ],
    ['a line that is not an object', { 'queries.jsonl': '["q1"]\n' }, /queries\.jsonl: line 1 is not a JSON object/],
    ['a query without id', { 'queries.jsonl': '{"text": "one"}\n' }, /queries\.jsonl: line 1 has no "_id"/],
    [
      'a document without text',
      { 'corpus.jsonl': '{"_id": "a", "title": "t"}' },
      /corpus\.jsonl: line 1 has no "text"/,
    ],
    [
      'a title that is a list',
      { 'corpus.jsonl': '{"_id": "a", "title": [], "text": ""}' },
      /line 1 has a "title" that is not a string/,
    ],
    [
      'a duplicate document',
      { 'corpus.jsonl': '{"_id": "1", "text": ""}\n\n{"_id": 1, "text": ""}' },
      /line 3: duplicate id "1"/,
    ],
    [
      'a duplicate query',
      { 'queries.jsonl': '{"_id": "q1", "text": ""}\n{"_id": "q1", "text": ""}' },
      /line 2: duplicate query id "q1"/,
    ],
    ['an empty corpus', { 'corpus.jsonl': '\n' }, /corpus\.jsonl: has no documents/],
    [
      'invalid UTF-8',
      { 'corpus.jsonl': Buffer.from('{"_id": "1", "text": ""}\n{"_id": "\xe9", "text": ""}', 'latin1') },
      /corpus\.jsonl: line 2 is not valid UTF-8/,
    ],
    [
      'a number too large to be an id',
      { 'corpus.jsonl': '{"_id": 12345678901234567890, "text": ""}' },
      /line 1 has the "_id" 1234567890123456\d+; expected a non-empty string/,
    ],
    [
      "white space that is not JSON's",
      { 'corpus.jsonl': good['corpus.jsonl'] + '\n\u00a0\n' },
      /line 4 is not valid JSON/,
    ],
    [
      'an id with an unpaired surrogate',
      { 'corpus.jsonl': '{"_id": "\\ud800", "text": ""}' },
      /corpus\.jsonl: line 1: the id .* unpaired surrogate/,
    ],
    [
      'judgements of other queries',
      { 'qrels/test.tsv': 'query-id\tcorpus-id\tscore\nx\t10\t1\n' },
      /has no judgements of the queries/,
    ],
  ])('%s', async (_, changes, message) => {
    await expect(openWith(changes)).rejects.toThrow(message);
    await expect(openWith(changes)).rejects.toBeInstanceOf(InputError);
  });

  it('names the missing split and the available ones', async () => {
    await expect(openWith({ 'qrels/train.tsv': good['qrels/test.tsv'] }, 'dev')).rejects.toThrow(
      /has no judgements for the split "dev"; available splits: test, train/,
    );
  });

  it('names a missing file, a missing folder, an unknown task', async () => {
    const folder = temporaryFolder();
    await writeFiles(folder, { 'corpus.jsonl': good['corpus.jsonl'] });
    await expect(openRetrieval(folder, 'datasets')).rejects.toThrow(`${folder}: has no queries.jsonl`);
    await expect(openRetrieval(join(folder, 'none'), 'datasets')).rejects.toThrow('there is no such file or folder');
    await expect(openRetrieval('demo/computin', 'datasets')).rejects.toThrow('did you mean "demo/computing"?');
  });

  it('refuses a line that is too long', async () => {
    const folder = temporaryFolder();
    await writeFiles(folder, {
      'corpus.jsonl': `{"_id": "1", "text": ""}\n{"_id": "2", "text": "${'x'.repeat(3 << 20)}"}`,
    });
    await expect(JsonlCorpus.open(join(folder, 'corpus.jsonl'), 2 << 20)).rejects.toThrow(
      /corpus\.jsonl: line 2 is longer than 2097152 bytes/,
    );
  });

  it('reports that the corpus has changed since it was opened', async () => {
    const folder = temporaryFolder();
    await writeFiles(folder, { 'corpus.jsonl': good['corpus.jsonl'], other: '{"_id": "x", "text": "y"}\n'.repeat(9) });
    const corpus = await JsonlCorpus.open(join(folder, 'corpus.jsonl'));
    await rename(join(folder, 'other'), join(folder, 'corpus.jsonl'));
    await expect(corpus.fetch(['10'])).rejects.toThrow(/the file has changed since it was opened \(document "10"/);
    await corpus.close();
  });

  it('refuses ids that the corpus does not have', async () => {
    const task = await openWith({});
    await expect(task.corpus.fetch(['10', 'gone'])).rejects.toThrow(/has no document "gone"/);
    await task.corpus.close();
  });
});

describe("BEIR's data sets by name", () => {
  it("are opened with the catalogue's rules", async () => {
    const datasets = temporaryFolder();
    const forum = { ...good, 'qrels/dev.tsv': good['qrels/test.tsv'] };
    for (const name of ['msmarco', 'nfcorpus', 'cqadupstack/tex']) await writeFiles(join(datasets, name), forum);
    const opened = [
      await openRetrieval('beir/MS-MARCO', datasets),
      await openRetrieval('beir/msmarco', datasets, 'test'),
      await openRetrieval('beir/nfcorpus', datasets),
      await openRetrieval('beir/cqadupstack/tex', datasets),
    ];
    expect(opened.map(({ name, split, removesIdenticalIds }) => [name, split, removesIdenticalIds])).toEqual([
      ['beir/msmarco', 'dev', true],
      ['beir/msmarco', 'test', true],
      ['beir/nfcorpus', 'test', false],
      ['beir/cqadupstack/tex', 'test', false],
    ]);
    for (const task of opened) await task.corpus.close();
  });

  it.each([
    ['beir/nfcorpus', /beir\/nfcorpus: not found at .*; get it with: sgpt-bench datasets download nfcorpus/],
    ['beir/cqadupstack/tex', /get it with: sgpt-bench datasets download cqadupstack/],
    ['beir/robust04', /cannot be downloaded: it needs an agreement with NIST/],
    ['beir/cqadupstack', /consists of 12 data sets; name one of them: beir\/cqadupstack\/\{android, english/],
    ['beir/cqadupstack/text', /unknown part "text", did you mean "tex"/],
    ['beir/nfcorpsu', /unknown task "beir\/nfcorpsu", did you mean "beir\/nfcorpus"/],
    ['beir/../secret', /unknown task/],
  ])('%s: the error says what to do', async (name, message) => {
    await expect(openRetrieval(name, join(temporaryFolder(), 'datasets'))).rejects.toThrow(message);
  });
});

describe('the bundled retrieval set', () => {
  it('has the counts of its data card, and its first and last records', async () => {
    const task = await openRetrieval('demo/computing', 'datasets');
    const documents = await allOf(task.corpus.documents());
    expect(task.facts).toMatchObject({
      documents: 286,
      queries: 60,
      judgements: 405,
      judgementsOfUnknownDocuments: 0,
      judgedQueriesWithoutText: 0,
    });
    expect(documents).toHaveLength(286);
    expect([documents[0]!.id, documents[285]!.id]).toEqual(['d001', 'd286']);
    expect([task.queries[0]!.id, task.queries[59]!.id]).toEqual(['q01', 'q60']);
    const grades = new Set([...task.qrels.values()].flatMap((judged) => [...judged.values()]));
    expect([...grades].sort()).toEqual([0, 1, 2]);
    expect(documents.every(({ title, text }) => title !== '' && text !== '')).toBe(true);
    expect(task.facts.checksum).toMatch(/^[0-9a-f]{64}$/);
    await task.corpus.close();
  });
});

describe('NFCorpus', () => {
  it('has the published counts in every split, and its first and last records', async ({ skip }) => {
    skip(nfcorpusMissing !== undefined, nfcorpusMissing);
    const folder = await nfcorpusFolder();
    const { splits, documents, queries } = beirEntries.find(({ name }) => name === 'nfcorpus')!;
    for (const [split, expected] of Object.entries(splits)) {
      const task = await openBeirFolder(folder, 'beir/nfcorpus', split);
      expect(task.facts).toMatchObject({ documents, queries: expected.queries, judgements: expected.judgements });
      await task.corpus.close();
    }
    expect((await readQueries(join(folder, 'queries.jsonl'))).queries).toHaveLength(queries!);
    const task = await openBeirFolder(folder, 'beir/nfcorpus');
    const all = await allOf(task.corpus.documents());
    expect([all[0]!.id, all.at(-1)!.id]).toEqual(['MED-10', 'MED-961']);
    expect(all[0]!.title).toBe('Statin Use and Breast Cancer Survival: A Nationwide Cohort Study from Finland');
    expect([task.queries[0]!.id, task.queries.at(-1)!.id]).toEqual(['PLAIN-2', 'PLAIN-3472']);
    expect(await task.corpus.fetch(['MED-961', 'MED-10'])).toEqual([all.at(-1), all[0]]);
    await task.corpus.close();
  });
});
