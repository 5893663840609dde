import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { RetrievalTask } from '../../src/core/dataset.js';
import { InputError } from '../../src/core/errors.js';
import { openBeirFolder, openTask } from '../../src/datasets/index.js';
import { temporaryFolder, writeFiles } from '../helpers/folder.js';

const good = {
  'corpus.jsonl': [
    '{"_id": "10", "title": "First", "text": "one"}',
    '{"_id": 9, "title": null, "text": "zwei – 二"}',
    '{"_id": "c", "text": "", "metadata": {"x": 1}}',
  ].join('\n'),
  'queries.jsonl': '{"_id": "q2", "text": "two"}\n{"_id": "q1", "text": "one"}\n{"_id": "q3", "text": "unjudged"}\n',
  'qrels/test.tsv': 'query-id\tcorpus-id\tscore\nq1\t10\t2\nq2\t9\t1\nq2\tgone\t1\nq9\tc\t1\n',
};

async function openWith(changes: Readonly<Record<string, string>>, split?: string): Promise<RetrievalTask> {
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
  it('is read with its oddities counted', async () => {
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

  it('has the same checksum with CRLF nowhere, and another one when a byte changes', async () => {
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

  it('takes the only split there is, or the one asked for', async () => {
    const folder = temporaryFolder();
    const { 'qrels/test.tsv': qrels, ...rest } = good;
    await writeFiles(folder, { ...rest, 'qrels/dev.tsv': qrels });
    const task = await openBeirFolder(folder, 'small');
    expect(task.split).toBe('dev');
    await task.corpus.close();
    await expect(openBeirFolder(folder, 'small', 'test')).rejects.toThrow('splits there: dev');
  });
});

describe('bad data', () => {
  it.each<[string, Readonly<Record<string, string>>, RegExp]>([
    ['a broken line', { 'corpus.jsonl': good['corpus.jsonl'] + '\n{"_id": "d", ' }, /corpus\.jsonl: line 4 is not valid JSON/],
    ['a line that is no object', { 'queries.jsonl': '["q1"]\n' }, /queries\.jsonl: line 1 is not a JSON object/],
    ['a query without id', { 'queries.jsonl': '{"text": "one"}\n' }, /queries\.jsonl: line 1 has no "_id"/],
    ['a document without text', { 'corpus.jsonl': '{"_id": "a", "title": "t"}' }, /corpus\.jsonl: line 1 has no "text"/],
    ['a title that is a list', { 'corpus.jsonl': '{"_id": "a", "title": [], "text": ""}' }, /line 1 has a "title" that is no/],
    ['a document twice', { 'corpus.jsonl': '{"_id": "1", "text": ""}\n\n{"_id": 1, "text": ""}' }, /line 3: the id "1" is there twice/],
    ['a query twice', { 'queries.jsonl': '{"_id": "q1", "text": ""}\n{"_id": "q1", "text": ""}' }, /line 2: the query id "q1" is there twice/],
    ['an empty corpus', { 'corpus.jsonl': '\n' }, /corpus\.jsonl: holds no documents/],
    ['judgements of other queries', { 'qrels/test.tsv': 'query-id\tcorpus-id\tscore\nx\t10\t1\n' }, /judges none of the queries/],
  ])('%s', async (_, changes, message) => {
    await expect(openWith(changes)).rejects.toThrow(message);
    await expect(openWith(changes)).rejects.toBeInstanceOf(InputError);
  });

  it('says which split is missing, and which are there', async () => {
    await expect(openWith({ 'qrels/train.tsv': good['qrels/test.tsv'] }, 'dev')).rejects.toThrow(
      /has no judgements for the split "dev"; splits there: test, train/,
    );
  });

  it('names a missing part, a missing folder, an unknown task', async () => {
    const folder = temporaryFolder();
    await writeFiles(folder, { 'corpus.jsonl': good['corpus.jsonl'] });
    await expect(openTask(folder, 'datasets')).rejects.toThrow(`${folder}: has no queries.jsonl`);
    await expect(openTask(join(folder, 'none'), 'datasets')).rejects.toThrow('there is no such folder');
    await expect(openTask('demo/computin', 'datasets')).rejects.toThrow('did you mean "demo/computing"?');
  });

  it('refuses ids that the corpus does not have', async () => {
    const task = await openWith({});
    await expect(task.corpus.fetch(['10', 'gone'])).rejects.toThrow(/has no document "gone"/);
    await task.corpus.close();
  });
});

describe('the bundled retrieval set', () => {
  it('has the size its card says, and its first and last records', async () => {
    const task = await openTask('demo/computing', 'datasets');
    const documents = await allOf(task.corpus.documents());
    expect(documents.length).toBe(task.facts.documents);
    expect(task.facts.documents).toBeGreaterThanOrEqual(240);
    expect(task.facts.queries).toBe(60);
    expect(task.facts.judgementsOfUnknownDocuments).toBe(0);
    const grades = new Set([...task.qrels.values()].flatMap((judged) => [...judged.values()]));
    expect([...grades].sort()).toEqual([0, 1, 2]);
    expect(documents.every(({ title, text }) => title !== '' && text !== '')).toBe(true);
    expect(createHash('sha256').update(task.facts.checksum).digest('hex')).toHaveLength(64);
    await task.corpus.close();
  });
});
