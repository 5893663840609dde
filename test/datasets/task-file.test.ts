import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { RetrievalTask } from '../../src/core/dataset.js';
import { openRetrieval } from '../helpers/tasks.js';
import { temporaryFolder, writeFiles } from '../helpers/folder.js';

const files = {
  'data/corpus.jsonl': '{"_id": "d1", "title": "T", "text": "one"}\n{"_id": "d2", "text": "two"}\n',
  'data/queries.jsonl': '{"_id": "1", "text": "first"}\n{"_id": "2", "text": "second"}\n',
  'topics.txt': '<top><num> Number: 1 <title> a title <desc> Description: a description </top>',
  'test.qrels': '1 0 d1 1\n1 0 d2 0\n',
  'dev.qrels': '2 0 d2 1\n',
};

async function openWith(task: unknown, split?: string): Promise<RetrievalTask> {
  const folder = temporaryFolder();
  await writeFiles(folder, { ...files, 'task.json': typeof task === 'string' ? task : JSON.stringify(task) });
  return openRetrieval(join(folder, 'task.json'), 'datasets', split);
}

const minimal = { corpus: 'data/corpus.jsonl', queries: 'data/queries.jsonl', qrels: 'test.qrels' };

describe('a JSON task file', () => {
  it('needs only three paths', async () => {
    const task = await openWith(minimal);
    expect(task).toMatchObject({ name: 'task', split: 'test', removesIdenticalIds: false });
    expect(task).not.toHaveProperty('mainMeasure');
    expect(task.queries).toEqual([{ id: '1', text: 'first' }]);
    await task.corpus.close();
  });

  it('may have all fields', async () => {
    const task = await openWith({
      name: 'acme/support',
      corpus: 'data/corpus.jsonl',
      topics: 'topics.txt',
      topicField: 'description',
      qrels: { test: 'test.qrels', dev: 'dev.qrels' },
      split: 'test',
      removesIdenticalIds: true,
      mainMeasure: 'RR@10',
      prompts: ['A', 'Passage: {document}\nQuestion: {query}'],
    });
    expect(task).toMatchObject({
      name: 'acme/support',
      split: 'test',
      removesIdenticalIds: true,
      mainMeasure: 'RR@10',
      prompts: ['A', 'Passage: {document}\nQuestion: {query}'],
      queries: [{ id: '1', text: 'a description' }],
      facts: { documents: 2, queries: 1, judgements: 2, judgedQueriesWithoutText: 0 },
    });
    await task.corpus.close();
  });

  it('has a selectable split', async () => {
    const task = await openWith({ ...minimal, qrels: { test: 'test.qrels', dev: 'dev.qrels' } }, 'dev');
    expect(task.queries).toEqual([{ id: '2', text: 'second' }]);
    await task.corpus.close();
  });

  it.each<[string, unknown, RegExp]>([
    ['a misspelt field', { ...minimal, qerls: 'x' }, /task\.json: the top level: .*qerls.*docs\/add-a-dataset\.md/],
    ['queries and topics', { ...minimal, topics: 'topics.txt' }, /expected either "queries" .* or "topics"/],
    ['neither', { corpus: 'c', qrels: 'q' }, /expected either "queries"/],
    ['a field of the wrong type', { ...minimal, corpus: 3 }, /field "corpus"/],
    ['no JSON', '{', /task\.json: is not valid JSON/],
    ['a path without a file', { ...minimal, corpus: 'none.jsonl' }, /none\.jsonl: there is no such file/],
    ['a split without judgements', { ...minimal, qrels: { a: 'x', b: 'y' } }, /split "test"; available splits: a, b/],
  ])('refuses %s', async (_, task, message) => {
    await expect(openWith(task)).rejects.toThrow(message);
  });
});
