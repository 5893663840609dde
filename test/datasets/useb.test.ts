import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { InputError } from '../../src/core/errors.js';
import type { AskUbuntuTask, CqaDupStackTask, SciDocsTask, TwitterParaTask, UsebTask } from '../../src/core/useb.js';
import { openUsebTasks } from '../helpers/tasks.js';
import { temporaryFolder } from '../helpers/folder.js';

const fixtures = join(import.meta.dirname, 'fixtures');

/** A folder of data sets with a copy of the fixture in which one file is changed. */
function changed(file: string, change: (text: string) => string): string {
  const folder = temporaryFolder();
  cpSync(join(fixtures, 'useb'), join(folder, 'useb'), { recursive: true });
  const path = join(folder, 'useb', file);
  writeFileSync(path, change(readFileSync(path, 'utf8')));
  return folder;
}

/** Changes the parsed content of a JSON file. */
const json =
  (change: (data: never) => unknown) =>
  (text: string): string =>
    JSON.stringify(change(JSON.parse(text) as never));

/** Changes a line; numbers start from 1. */
const line =
  (number: number, change: (line: string) => string) =>
  (text: string): string =>
    text
      .split('\n')
      .map((content, i) => (i === number - 1 ? change(content) : content))
      .join('\n');

async function open<Task extends UsebTask>(name: Task['dataset'], folder = fixtures, split = 'test'): Promise<Task> {
  const [task] = await openUsebTasks(`useb/${name}`, folder, split);
  return task as Task;
}

describe('openUsebTasks', () => {
  it('opens the bundled tasks with their counts', async () => {
    const tasks = await openUsebTasks('demo/useb', 'nowhere');
    expect(tasks.map(({ name, split }) => `${name} ${split}`)).toEqual([
      'demo/useb/askubuntu test',
      'demo/useb/cqadupstack test',
      'demo/useb/twitterpara test',
      'demo/useb/scidocs test',
    ]);
    const [askUbuntu, cqaDupStack, twitterPara, sciDocs] = tasks;
    expect(askUbuntu).toMatchObject({ skippedQueries: 1, facts: { documents: 94, queries: 19 } });
    expect(cqaDupStack).toMatchObject({ facts: { documents: 114 - 13 + 117 - 12, queries: 25 } });
    expect(twitterPara).toMatchObject({ facts: { queries: 80 } });
    expect(sciDocs).toMatchObject({ skippedQueries: 4, facts: { documents: 44, queries: 36 } });
    for (const { facts } of tasks) expect(facts.checksum).toMatch(/^[0-9a-f]{64}$/);
  });

  it('opens the validation split by both names; TwitterPara has none', async () => {
    const [valid, dev] = [await openUsebTasks('useb', fixtures, 'valid'), await openUsebTasks('useb', fixtures, 'dev')];
    expect(valid).toEqual(dev);
    expect(valid.map(({ split }) => split)).toEqual(['valid', 'valid', 'test', 'valid']);
    const [askUbuntu] = valid;
    expect(askUbuntu!.facts.checksum).not.toBe((await open('askubuntu')).facts.checksum);
  });

  it('opens one task by its name', async () => {
    const tasks = await openUsebTasks('useb/scidocs', fixtures);
    expect(tasks.map(({ name }) => name)).toEqual(['useb/scidocs']);
  });

  it('refuses unknown names, splits and folders', async () => {
    await expect(openUsebTasks('useb/scidoc', fixtures)).rejects.toThrow(
      /unknown task "useb\/scidoc", did you mean "useb\/scidocs"/,
    );
    await expect(openUsebTasks('useb', fixtures, 'train')).rejects.toThrow(/no split "train"; choose test or valid/);
    await expect(openUsebTasks('useb', '/nowhere')).rejects.toThrow(/not found at \/nowhere\/useb; get it with/);
  });
});

describe('special cases', () => {
  it('AskUbuntu: queries without positives are skipped, ties of BM25 scores keep their order, the last text of an id counts', async () => {
    const folder = changed('askubuntu/test.txt', () => '1\t\t99 98\t1 2\n2\t3 999\t5 4 3 2 1 6\t1 2 1 2.5 2 1\n');
    const task = await open<AskUbuntuTask>('askubuntu', folder);
    expect(task).toMatchObject({
      skippedQueries: 1,
      queries: [{ id: '2', positives: new Set(['3', '999']), candidates: ['2', '4', '1', '5', '3', '6'] }],
      facts: { queries: 1, judgements: 2, judgementsOfUnknownDocuments: 1 },
    });
    expect(task.posts.get('40')!.title).not.toMatch(/twice/);
    expect(task.posts.get('9')).toEqual({ title: '', body: '' });
    expect(task.posts.get('17')!.title).toBe('déjà vu');
  });

  it('CQADupStack: the pool has no queries of the split; duplicates stay as listed', async () => {
    const task = await open<CqaDupStackTask>('cqadupstack');
    for (const { pool, queries, positives } of task.forums) {
      for (const id of queries.keys()) expect(pool.has(id)).toBe(false);
      expect([...positives.keys()]).toEqual([...queries.keys()]);
      expect([...positives.values()].map(({ length }) => length)).toContain(0);
      expect([...pool.values()]).toContain(''); // a blank post, stripped
    }
  });

  it('TwitterPara: label 3 is read; columns after the label do not matter', async () => {
    const task = await open<TwitterParaTask>('twitterpara');
    expect(task.pairs.pit.map(({ label }) => label)).toContain(3);
    expect(task.pairs.twitterurl.at(-1)).toEqual({ texts: ['up', 'up now'], label: 6 });
    expect(task.pairs.twitterurl[8]!.texts[0]).toBe('é');
  });

  it('SciDocs: null, missing and empty titles do not count; one of spaces does', async () => {
    const folder = changed(
      'scidocs/data.json',
      json((data: { corpus: Record<string, unknown> }) => ({ ...data, corpus: { ...data.corpus, p4: {} } })),
    );
    const task = await open<SciDocsTask>('scidocs', folder);
    expect(['p1', 'p2', 'p3', 'p4', 'z'].map((id) => task.titles.get(id))).toEqual([
      undefined,
      undefined,
      '',
      undefined,
      undefined,
    ]);
    expect(task.qrels.cite.get('p1')!.get('z')).toBe(1);
  });

  it.each([
    'askubuntu/text_tokenized.txt',
    'askubuntu/test.txt',
    'twitterpara/test.data',
    'twitterpara/Twitter_URL_Corpus_test.txt',
  ])('blank lines and CRLF change nothing but the checksum: %s', async (file) => {
    const folder = changed(file, (text) => `\n${text.replace('\n', '\r\n \t\r\n')}\n\n`);
    const name = file.split('/')[0] as 'askubuntu' | 'twitterpara';
    const { facts, ...task } = await open(name, folder);
    const { facts: originalFacts, ...original } = await open(name);
    expect(task).toEqual(original);
    expect({ ...facts, checksum: '' }).toEqual({ ...originalFacts, checksum: '' });
    expect(facts.checksum).not.toBe(originalFacts.checksum);
  });
});

describe('invalid data', () => {
  type Splits = Record<'test', Record<string, Record<string, string[]>>>;
  it.each([
    [
      'askubuntu/text_tokenized.txt',
      line(3, (text) => `${text}\tmore`),
      /text_tokenized.txt: line 3: expected 3 fields .*found 4/,
    ],
    ['askubuntu/test.txt', line(2, () => '1 2 3'), /test.txt: line 2: expected 4 fields .*found 1/],
    ['askubuntu/test.txt', line(2, () => '2\t3\t3 4 5 6 7\t1 1'), /line 2: 5 candidates but 2 BM25 scores/],
    [
      'askubuntu/test.txt',
      line(2, () => '2\t3\t3 4 5 6 7\t1 1 x 1 1'),
      /line 2: the BM25 score is "x"; expected a number/,
    ],
    [
      'askubuntu/test.txt',
      line(2, () => '2\t3\t3 4 5 6 77\t1 1 1 1 1'),
      /line 2: the post "77" is not in text_tokenized.txt/,
    ],
    [
      'askubuntu/test.txt',
      line(2, () => '77\t3\t3 4 5 6 7\t1 1 1 1 1'),
      /line 2: the post "77" is not in text_tokenized.txt/,
    ],
    ['askubuntu/test.txt', line(2, () => '2\t3\t3 4 5 6\t1 1 1 1'), /line 2: 4 candidates; expected at least 5/],
    [
      'askubuntu/test.txt',
      line(2, () => '2\t8\t3 4 5 6 7\t1 1 1 1 1'),
      /line 2: no positive of query "2" is a candidate/,
    ],
    ['askubuntu/test.txt', line(3, () => '2\t3\t3 4 5 6 7\t1 1 1 1 1'), /line 3: duplicate query id "2"/],
    ['askubuntu/test.txt', () => '1\t\t2\t1\n', /test.txt: has no query with positives/],
    ['cqadupstack/corpus.json', () => '{', /corpus.json: is not valid JSON/],
    ['cqadupstack/corpus.json', json(() => ({ zsh: { a: 1 } })), /corpus.json: field "zsh.a": .*string/],
    ['cqadupstack/corpus.json', json(() => ({})), /the forum "zsh" is not in corpus.json/],
    ['cqadupstack/retrieval_split.json', json(() => ({ valid: {} })), /retrieval_split.json: has no split "test"/],
    [
      'cqadupstack/retrieval_split.json',
      json(({ test }: Splits) => ({ test: { ...test, fish: {} } })),
      /test: the forum "fish" is not in corpus.json; known forums: zsh, apt/,
    ],
    [
      'cqadupstack/retrieval_split.json',
      json(({ test }: Splits) => ({ test: { zsh: test['zsh'] } })),
      /forum "apt" is missing/,
    ],
    [
      'cqadupstack/retrieval_split.json',
      json(({ test }: Splits) => ({ test: { ...test, apt: { ghost: ['1'] } } })),
      /forum "apt": the query "ghost" is not a post of it/,
    ],
    [
      'cqadupstack/retrieval_split.json',
      json(({ test }: Splits) => ({ test: { ...test, apt: {} } })),
      /forum "apt" has no query with duplicates/,
    ],
    ['twitterpara/Twitter_URL_Corpus_test.txt', line(4, () => 'a\tb'), /line 4: expected at least 3 fields .*found 2/],
    [
      'twitterpara/Twitter_URL_Corpus_test.txt',
      line(4, () => 'a\tb\t(7, 6)\tu'),
      /line 4: the label is "\(7, 6\)"; expected votes/,
    ],
    [
      'twitterpara/Twitter_URL_Corpus_test.txt',
      line(4, () => 'a\tb\t[process.exit(), 6]\tu'),
      /line 4: the label is "\[process.exit\(\), 6\]"; expected votes/,
    ],
    ['twitterpara/test.data', line(4, () => '1\tt\ta\tb'), /test.data: line 4: expected at least 5 fields .*found 4/],
    [
      'twitterpara/test.data',
      line(4, () => '1\tt\ta\tb\t6\t\t'),
      /test.data: line 4: the label is "6"; expected a whole number from 0 to 5/,
    ],
    ['twitterpara/test.data', line(4, () => '1\tt\ta\tb\t4.5\t\t'), /test.data: line 4: the label is "4.5"/],
    ['twitterpara/test.data', () => '1\tt\ta\tb\t5\n1\tt\ta\tb\t3\n', /test.data: has no pair with a label below 3/],
    ['scidocs/data.json', json(({ corpus }: never) => ({ corpus })), /data.json: has no split "test"/],
    ['scidocs/data.json', (text) => text.replace('"cocite"', '"quotes"'), /data.json: field "valid.cocite"/],
    [
      'scidocs/data.json',
      (text) => text.replace('"z": 1', '"z": 2'),
      /data.json: field "valid.cite.p\d+.z": expected a label of 0 or 1/,
    ],
    [
      'scidocs/data.json',
      (text) => text.replace('"p2": {"title": ""}', '"p2": {"title": 5}'),
      /field "corpus.p2.title"/,
    ],
  ] as [string, (text: string) => string, RegExp][])('%s: %#', async (file, change, message) => {
    const opened = openUsebTasks(`useb/${file.split('/')[0]!}`, changed(file, change));
    await expect(opened).rejects.toThrow(InputError);
    await expect(opened).rejects.toThrow(message);
  });

  it('names the missing file', async () => {
    const folder = temporaryFolder();
    cpSync(join(fixtures, 'useb'), join(folder, 'useb'), {
      recursive: true,
      filter: (path) => !/test\.label$|dev\.txt$|scidocs/.test(path),
    });
    await expect(openUsebTasks('useb/twitterpara', folder)).rejects.toThrow(
      /twitterpara: has no file test.label; expected USEB's/,
    );
    await expect(openUsebTasks('useb/askubuntu', folder)).rejects.toThrow(/askubuntu: has no file dev.txt/);
    await expect(openUsebTasks('useb/scidocs', folder)).rejects.toThrow(
      /scidocs: there is no such folder; expected USEB's data.json/,
    );
  });
});
