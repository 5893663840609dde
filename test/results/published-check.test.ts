import { describe, expect, it } from 'vitest';
import type { ResultRecord } from '../../src/results/record.js';
import { checkPublished } from '../../src/results/check/published-check.js';
import { publishedSystems } from '../../src/suites/published/systems.js';
import { publishedRows } from '../../src/suites/published/index.js';
import { model, scoredResult, type ResultChanges } from './fixtures.js';
import { expandTasks } from '../../src/suites/index.js';

/** A record with this nDCG@10. */
function record(score: number, changes: ResultChanges = {}): ResultRecord {
  return scoredResult({ 'nDCG@10': [['q1', score]] }, changes).record;
}

const biEncoder = (id: string, changes: Partial<ResultRecord['system']> = {}): Partial<ResultRecord['system']> => ({
  name: `BE ${id}`,
  runner: 'bi-encoder',
  family: 'BE weightedmean',
  settings: { brackets: 'specb', pooling: 'weightedmean' },
  model: model(id, '1'),
  ...changes,
});

describe('the identities of published rows', () => {
  it('are there for every row, and for nothing else', () => {
    expect(Object.keys(publishedSystems).sort()).toEqual(publishedRows.map(({ system }) => system).sort());
  });
});

describe('a result with a published score', () => {
  const scifact = { task: { name: 'beir/scifact' } };
  const sgpt = 'SGPT-125M-weightedmean-msmarco-specb-bitfit';

  it.each([
    [0.569, 'passed', 'reproduced'],
    [0.574, 'passed', 'reproduced'],
    [0.5745, 'failed', 'above'],
    [0.5635, 'failed', 'below'],
  ])('of %d has %s: %s', (score, verdict, outcome) => {
    const cases = checkPublished([record(score, { ...scifact, system: biEncoder(sgpt) })], 0.005);
    expect(cases).toMatchObject([{ verdict, outcome, expected: 0.569, found: score, p: null }]);
    expect(cases[0]!.message).toContain('Muennighoff/sgpt README');
  });

  it('is known by hub id or folder, and by task name or folder', () => {
    for (const id of [sgpt, `Muennighoff/${sgpt}`, sgpt.toLowerCase()])
      expect(checkPublished([record(0.569, { task: { name: 'scifact' }, system: biEncoder(id) })], 0)).toHaveLength(1);
  });

  it.each<[string, ResultChanges]>([
    ['another pooling', { system: biEncoder(sgpt, { family: 'BE mean' }) }],
    ['an inner layer', { system: biEncoder(sgpt, { family: 'BE weightedmean@6' }) }],
    ['no brackets', { system: biEncoder(sgpt, { settings: { brackets: 'none' } }) }],
    ['a model whose name only contains the other', { system: biEncoder(`${sgpt}-tuned`) }],
    ['another profile', { system: biEncoder(sgpt), record: { profile: 'mteb' } }],
    ['another split', { system: biEncoder(sgpt), task: { name: 'beir/scifact', split: 'train' } }],
    ['only some queries', { system: biEncoder(sgpt), task: { name: 'beir/scifact', queryLimit: 10 } }],
  ])('is another with %s', (_, changes) => {
    const own = record(0.569, { ...scifact, system: biEncoder(sgpt) });
    const cases = checkPublished([own, record(0.1, { ...scifact, ...changes })], 0.005);
    expect(cases.map(({ verdict }) => verdict)).toEqual(['passed', 'skipped']);
  });

  it('says under which profile the published scores were made', () => {
    const bm25 = (profile: ResultRecord['profile']): ResultRecord =>
      record(0.6789, { ...scifact, system: { settings: { bm25: 'anserini-flat' } }, record: { profile } });
    const cases = checkPublished([bm25('trec_eval'), bm25('sgpt-paper')], 0.0001);
    expect(cases.map(({ verdict }) => verdict)).toEqual(['passed', 'skipped']);
    expect(cases[1]!.message).toContain('profile trec_eval (BM25 (Anserini 2, flat))');
  });

  it('has a case for each published row of it, and notes with those that need one', () => {
    const multifield = record(0.665, {
      ...scifact,
      system: { settings: { bm25: 'anserini-multifield' } },
      record: { profile: 'trec_eval' },
    });
    expect(checkPublished([multifield], 0.001).map(({ expected }) => expected)).toEqual([0.665, 0.6647]);
    const [own] = checkPublished([record(0.6907, scifact)], 0.005);
    expect(own).toMatchObject({ verdict: 'failed', outcome: 'above', expected: 0.611 });
    expect(own!.message).toContain('for reasons not known');
  });

  it('is of a cross-encoder only at the published depth and prompt', () => {
    const crossEncoder = (depth: number, prompt: string): ResultRecord =>
      record(0.68168, {
        ...scifact,
        system: { name: 'CE', runner: 'cross-encoder', settings: { prompt }, model: model('EleutherAI/gpt-j-6B', '1') },
        record: { firstStage: { name: 'BM25 elasticsearch', checksum: 'a'.repeat(64), depth } },
      });
    const cases = checkPublished([crossEncoder(100, 'G'), crossEncoder(10, 'G'), crossEncoder(100, 'A')], 0.005);
    expect(cases.map(({ verdict }) => verdict)).toEqual(['passed', 'skipped', 'skipped']);
  });

  it("is MS MARCO's on dev", () => {
    const msmarco = (split: string): ResultRecord => record(0.2275, { task: { name: 'beir/msmarco', split } });
    expect(checkPublished([msmarco('dev'), msmarco('test')], 0).map(({ verdict }) => verdict)).toEqual([
      'passed',
      'skipped',
    ]);
  });

  it('is the mean of all twelve forums for CQADupStack', () => {
    const forums = expandTasks(['beir/cqadupstack']).map((name, i) =>
      record(0.3258 + (i - 5.5) / 100, { task: { name } }),
    );
    const mean = checkPublished(forums, 0.00001).filter(({ verdict }) => verdict === 'passed');
    expect(mean).toMatchObject([{ task: 'beir/cqadupstack', expected: 0.3258 }]);
    expect(() => checkPublished(forums.slice(1), 0.1)).toThrow(/none of the 11 results/);
  });
});

describe('results without any published score', () => {
  it('are refused with the reasons, counted', () => {
    const demo = { task: { name: 'demo/computing' } };
    expect(() => checkPublished([record(0.5, demo), record(0.6, demo)], 0.005)).toThrow(
      /none of the 2 results .* no published score of this task is known \(2\)/,
    );
  });
});
