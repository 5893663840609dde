import { describe, expect, it } from 'vitest';
import { beirEntries } from '../../src/suites/beir/entries.js';
import type { BeirEntry } from '../../src/suites/beir/entry.js';
import { dataOf, expandTasks, findTask, suites } from '../../src/suites/index.js';

const beirEntry = (name: string): BeirEntry => dataOf(name).entry as BeirEntry;

describe("BEIR's catalogue", () => {
  it('has 19 data sets, 18 of them in the average, four of them private', () => {
    expect(beirEntries).toHaveLength(19);
    expect(beirEntries.filter(({ inAverage }) => !inAverage).map(({ name }) => name)).toEqual(['msmarco']);
    expect(beirEntries.filter(({ archive }) => archive === null).map(({ name }) => name)).toEqual([
      'bioasq',
      'signal1m',
      'trec-news',
      'robust04',
    ]);
  });

  it('has unique names and aliases', () => {
    const names = beirEntries.flatMap(({ name, aliases }) => [name, ...aliases]);
    const keys = names.map((name) => name.toLowerCase().replace(/[-_ ]/g, ''));
    expect(new Set(keys).size).toBe(keys.length);
    for (const entry of beirEntries) {
      for (const alias of entry.aliases) expect(beirEntry(alias)).toBe(entry);
    }
  });

  it.each(beirEntries)('$name has an archive, or says how to get the data', (entry) => {
    expect(entry.archive === null).toBe(entry.howToBring !== null);
    expect(Object.keys(entry.splits)).toContain(entry.defaultSplit);
    if (entry.archive === null) return;
    expect(entry.archive.url).toMatch(new RegExp(`^https://[^/]+/.*/${entry.name}\\.zip$`));
    expect(entry.archive.md5).toMatch(/^[0-9a-f]{32}$/);
    expect(entry.archive.sha256 ?? '0'.repeat(64)).toMatch(/^[0-9a-f]{64}$/);
    expect(entry.archive.wrongMd5.map(({ md5 }) => md5)).not.toContain(entry.archive.md5);
  });

  it('has no duplicate hashes, as the published list has', () => {
    const hashes = beirEntries.flatMap(({ archive }) => (archive === null ? [] : [archive.md5]));
    expect(new Set(hashes).size).toBe(hashes.length);
    expect(beirEntry('fever').archive!.wrongMd5[0]!.md5).toBe(beirEntry('scifact').archive!.md5);
  });

  it("adds CQADupStack's forums up to BEIR's number of queries", () => {
    const { parts, splits } = beirEntry('cqadupstack');
    expect(parts).toHaveLength(12);
    expect(parts.reduce((sum, { queries }) => sum + queries, 0)).toBe(splits['test']!.queries);
  });

  it("follows mteb's rule on identical ids", () => {
    const removing = beirEntries.filter(({ removesIdenticalIds }) => removesIdenticalIds).map(({ name }) => name);
    expect(removing).toEqual(['msmarco', 'fiqa', 'arguana', 'quora', 'fever']);
  });
});

describe('task names', () => {
  it('expand to canonical names, each once', () => {
    expect(
      expandTasks(['beir/Touche_2020', 'beir/nfcorpus', 'beir/NFCorpus', 'demo/computing', 'some/folder']),
    ).toEqual(['beir/webis-touche2020', 'beir/nfcorpus', 'demo/computing', 'some/folder']);
    const forums = expandTasks(['beir/cqadupstack/Tex', 'beir/cqadupstack']);
    expect(forums).toHaveLength(12);
    expect(forums.slice(0, 2)).toEqual(['beir/cqadupstack/tex', 'beir/cqadupstack/android']);
  });

  it('of a suite expand to all of its tasks', () => {
    expect(expandTasks(['useb'])).toEqual(['useb/askubuntu', 'useb/cqadupstack', 'useb/twitterpara', 'useb/scidocs']);
    expect(expandTasks(['beir'])).toHaveLength(18 + 12);
    expect(expandTasks(['demo/useb/scidocs', 'demo/useb'])).toHaveLength(4);
  });

  it('are unique over all suites', () => {
    const names = suites.flatMap(({ name, tasks }) => tasks.map((task) => `${name}/${task.name}`));
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(expandTasks([name])[0]).toMatch(new RegExp(`^${name}`));
  });

  it('are parsed', () => {
    expect(findTask('beir/dbpedia')?.task.name).toBe('dbpedia-entity');
    expect(findTask('beir/cqadupstack/GIS')).toMatchObject({ task: { name: 'cqadupstack' }, part: 'gis' });
    expect(findTask('demo/useb/scidocs')).toMatchObject({ suite: { name: 'demo/useb' }, part: null });
    for (const other of ['nfcorpus', 'beir/none', 'beir/nfcorpus/gis', 'beir/cqadupstack/none', 'beir/nfcorpus/a/b']) {
      expect(findTask(other)).toBeUndefined();
    }
  });

  it('suggest the nearest name for an unknown one', () => {
    expect(() => beirEntry('nfcorpora')).toThrow(/did you mean "nfcorpus"\?/);
  });
});
