import { describe, expect, it } from 'vitest';
import { compareResults } from '../../src/results/compare/comparison.js';
import { workDifferences, workOf } from '../../src/results/compare/work-difference.js';
import { checksum, model, queries, scoredResult } from './fixtures.js';

const a = scoredResult({ 'nDCG@10': queries(40, (i) => i / 40), 'R@100': queries(40, () => 0.5) });
const b = scoredResult({
  'nDCG@10': queries(40, (i) => (i < 10 ? i / 40 + 0.1 : i === 20 ? 0 : i / 40)),
  'R@100': queries(40, () => 0.5),
});
const request = { queries: 3 };

describe('two results of the same data', () => {
  it('are compared by every measure they share, with corrected p-values', () => {
    const { measures, movedBy } = compareResults(a, b, request);
    expect(measures.map(({ measure }) => measure)).toEqual(['nDCG@10', 'R@100']);
    expect(movedBy).toBe('nDCG@10');
    const [ndcg, recall] = measures;
    expect(ndcg).toMatchObject({ queries: 40, wins: 10, ties: 29, losses: 1, onlyA: 0, onlyB: 0 });
    expect(ndcg!.difference).toBeCloseTo((10 * 0.1 - 0.5) / 40, 12);
    expect(ndcg!.corrected.tTest).toBeCloseTo(Math.min(1, 2 * ndcg!.tTest.p), 12);
    expect(recall).toMatchObject({ difference: 0, tTest: { p: 1 }, corrected: { tTest: 1, randomisation: 1 } });
  });

  it('give the queries that moved most, largest first, with text and both rankings', () => {
    const { moved } = compareResults(a, b, request);
    expect(moved.map(({ id }) => id)).toEqual(['q21', 'q1', 'q2']);
    expect(moved[0]).toMatchObject({ text: 'text of q21', a: 0.5, b: 0, difference: -0.5 });
    expect(moved[0]!.topA).toMatchObject([{ id: 'best-of-q21', grade: 1 }]);
    expect(compareResults(a, a, request).moved).toEqual([]);
  });

  it('count 0 for a query that one of them does not rank, and leave out those that neither ranks', () => {
    const x = scoredResult({
      'nDCG@10': [
        ['q1', 0.5],
        ['q2', null],
        ['q3', 1],
        ['q4', null],
      ],
    });
    const y = scoredResult({
      'nDCG@10': [
        ['q1', 0.5],
        ['q2', 0.25],
        ['q3', null],
        ['q4', null],
      ],
    });
    const { measures, moved } = compareResults(x, y, request);
    expect(measures[0]).toMatchObject({ queries: 3, meanA: 0.5, meanB: 0.25, onlyA: 1, onlyB: 1 });
    expect(moved.map(({ id, a, b }) => [id, a, b])).toEqual([
      ['q3', 1, null],
      ['q2', null, 0.25],
    ]);
  });

  it('are compared by chosen measures alone', () => {
    const { measures, movedBy } = compareResults(a, b, { ...request, measures: ['R@100'] });
    expect(measures.map(({ measure }) => measure)).toEqual(['R@100']);
    expect(movedBy).toBe('R@100');
    expect(() => compareResults(a, b, { ...request, measures: ['nDGC@10'] })).toThrow(
      /"nDGC@10", did you mean "nDCG@10"/,
    );
  });

  it('have differences without tests for measures that are none of single queries', () => {
    const pairs = (mean: number): typeof a => {
      const plain = scoredResult({});
      return { ...plain, record: { ...plain.record, measures: { ap: mean } } };
    };
    const { measures, untested, movedBy } = compareResults(pairs(0.5), pairs(0.75), request);
    expect([measures, movedBy]).toEqual([[], null]);
    expect(untested).toEqual([{ measure: 'ap', meanA: 0.5, meanB: 0.75, difference: 0.25 }]);
  });
});

describe('results of different data', () => {
  it.each([
    ['checksum', { checksum: checksum('b') }, /data checksum aaaaaaaaaaaa and bbbbbbbbbbbb/],
    ['split', { split: 'dev' }, /split test and dev/],
    ['number of queries', { queryLimit: 10 }, /queries all and the first 10/],
  ])('are refused: another %s', (_, task, message) => {
    const other = scoredResult({ 'nDCG@10': queries(40, () => 1) }, { task });
    expect(() => compareResults(a, other, request)).toThrow(message);
  });

  it('may have another name for the same data', () => {
    const other = scoredResult({ 'nDCG@10': queries(40, () => 1) }, { task: { name: 'nfcorpus' } });
    expect(compareResults(a, other, request).differences).toEqual([
      { what: 'task', a: 'beir/nfcorpus', b: 'nfcorpus', kind: 'work' },
    ]);
  });
});

describe('what differs between two works', () => {
  const encoder = { name: 'BE sgpt weightedmean', runner: 'bi-encoder', family: 'BE weightedmean' };
  const work = (changes: Parameters<typeof scoredResult>[1]): ReturnType<typeof workOf> =>
    workOf(scoredResult({ 'nDCG@10': [] }, changes).record);

  it('is nothing for the same work', () => {
    expect(workDifferences(work({}), work({}))).toEqual([]);
  });

  it('is said in words: truncation, model file, profile and what it stands for, versions, machine', () => {
    const x = work({ system: { ...encoder, settings: { maxTokens: 299 }, model: model('sgpt', '1') } });
    const y = work({
      system: { ...encoder, settings: { maxTokens: 300 }, model: model('sgpt', '2') },
      record: { profile: 'trec_eval' },
      provenance: { versions: { 'sgpt-bench': '0.1.0' } },
    });
    expect(workDifferences(x, y).map(({ what, a, b, kind }) => `${kind}: ${what}: ${a} | ${b}`)).toEqual([
      'work: profile: sgpt-paper | trec_eval',
      'work: documents without text: left out by bi-encoders | kept',
      "work: document with the query's id: removed | kept",
      'work: means: over the queries with a ranking | over all judged queries',
      'work: rounding of means: 5 decimals | none',
      'work: model.safetensors: 111111111111 | 222222222222',
      'work: truncation: 299 tokens | 300 tokens',
      'environment: version of onnxruntime-node: 1.30.0 | none',
    ]);
  });

  it('does not list the files of two different models', () => {
    const x = work({ system: { ...encoder, model: model('sgpt-a', '1') } });
    const y = work({ system: { ...encoder, model: model('sgpt-b', '2') } });
    expect(workDifferences(x, y).map(({ what }) => what)).toEqual(['model']);
  });

  it('names the first stage and its candidates', () => {
    const stage = (name: string, letter: string): Parameters<typeof scoredResult>[1] => ({
      record: { firstStage: { name, checksum: checksum(letter), depth: 100 } },
    });
    const differences = workDifferences(work(stage('BM25 elasticsearch', 'c')), work(stage('run.trec', 'd')));
    expect(differences.map(({ what }) => what)).toEqual(['first stage', 'first-stage candidates']);
  });
});
