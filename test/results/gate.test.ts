import { describe, expect, it } from 'vitest';
import { RandomSource } from '../../src/measures/random.js';
import { baselineOf } from '../../src/results/check/baseline.js';
import type { CheckCase } from '../../src/results/check/check-report.js';
import { checkBaseline } from '../../src/results/check/gate.js';
import { defaultLimits } from '../../src/results/check/limits.js';
import type { ScoredResult } from '../../src/results/verify.js';
import { checksum, model, queries, scoredResult, type ResultChanges } from './fixtures.js';

const count = 60;
const before = (index: number): number => 0.2 + (index % 7) / 10;

function result(valueOf: (index: number) => number | null, changes?: ResultChanges): ScoredResult {
  return scoredResult({ 'nDCG@10': queries(count, valueOf) }, changes);
}

function check(old: ScoredResult, now: readonly ScoredResult[], limits = defaultLimits): CheckCase[] {
  return checkBaseline(baselineOf([old]), now, limits);
}

describe('a result in the baseline', () => {
  it('passes as equal where every query scores the same, thirds included', () => {
    const thirds = result((i) => i / 3 / count);
    expect(check(thirds, [thirds])).toMatchObject([{ verdict: 'passed', outcome: 'equal', p: 1 }]);
  });

  it('fails where every query is worse, and says by how much, where, and what differs', () => {
    const system = { name: 'BE sgpt weightedmean', runner: 'bi-encoder', settings: { pooling: 'weightedmean' } };
    const old = result(before, { system: { ...system, model: model('sgpt', '1') } });
    const now = result((i) => before(i) - (i === 41 ? 0.2 : 0.1), {
      system: { ...system, settings: { pooling: 'lasttoken' }, model: model('sgpt', '2') },
      provenance: { versions: { 'sgpt-bench': '0.1.0', 'onnxruntime-node': '1.31.0' } },
    });
    const [one] = check(old, [now]);
    expect(one).toMatchObject({ verdict: 'failed', outcome: 'dropped' });
    expect(one!.expected! - one!.found!).toBeCloseTo(0.1 + 0.1 / count, 5);
    expect(one!.message).toMatch(/nDCG@10 fell from 0\.4900 to 0\.3883 \(-0\.1017, p <0\.0001; /);
    expect(one!.message).toContain('of 60 queries 0 better, 60 worse');
    expect(one!.message).toContain('worst: q42,');
    expect(one!.message).toContain('pooling: weightedmean, now lasttoken');
    expect(one!.message).toContain('model.safetensors: 111111111111, now 222222222222');
    expect(one!.message).toContain('version of onnxruntime-node: 1.30.0, now 1.31.0');
  });

  it('is only worth a look where the drop could be chance, and says when no drop could be told from it', () => {
    const [one] = check(
      result(() => 1),
      [result((i) => (i === 0 ? 0 : 1))],
    );
    expect(one).toMatchObject({ verdict: 'warned', outcome: 'drop, not significant', p: 0.5 });
    expect(one!.message).toContain('too few queries changed for any p to reach 0.05');
  });

  it('fails by the drop alone with alpha 1', () => {
    const now = [result((i) => (i === 0 ? 0 : 1))];
    expect(
      check(
        result(() => 1),
        now,
        { ...defaultLimits, alpha: 1 },
      )[0],
    ).toMatchObject({ outcome: 'dropped' });
    expect(
      check(
        result(() => 1),
        now,
        { ...defaultLimits, maxDrop: 0.02, alpha: 1 },
      )[0],
    ).toMatchObject({ outcome: 'within limits' });
  });

  it.each([
    [0.004, 'passed'],
    [0.005, 'passed'],
    [0.006, 'failed'],
  ])('that fell everywhere by %d has %s with a limit of 0.005', (drop, verdict) => {
    const [one] = check(result(before), [result((i) => before(i) - drop)]);
    expect(one).toMatchObject({ verdict });
    expect(one!.p).toBeLessThan(0.001);
  });

  it('is reported where it got better', () => {
    expect(check(result(before), [result((i) => before(i) + 0.05)])[0]).toMatchObject({
      verdict: 'passed',
      outcome: 'improved',
    });
  });

  it('cannot get better by ranking nothing for its hardest queries', () => {
    const now = result((i) => (before(i) < 0.5 ? null : before(i)));
    expect(now.record.measures['nDCG@10']!).toBeGreaterThan(result(before).record.measures['nDCG@10']!);
    const [one] = check(result(before), [now]);
    expect(one).toMatchObject({ verdict: 'failed', outcome: 'dropped' });
    expect(one!.message).toMatch(/; 27 queries have no ranking any more and count 0; the records' own means are 0\.49/);
  });

  it('has no p where its measure has no values by query: the drop alone decides', () => {
    const pairs = (mean: number): ScoredResult => {
      const plain = scoredResult({}, { record: { mainMeasure: 'ap_twitter_avg' } });
      return { ...plain, record: { ...plain.record, measures: { ap_twitter_avg: mean } } };
    };
    expect(check(pairs(0.6), [pairs(0.6)])[0]).toMatchObject({ outcome: 'equal', p: null });
    expect(check(pairs(0.6), [pairs(0.596)])[0]).toMatchObject({ outcome: 'within limits' });
    expect(check(pairs(0.6), [pairs(0.59)])[0]).toMatchObject({ verdict: 'failed', outcome: 'dropped', found: 0.59 });
  });
});

describe('a collapse', () => {
  const constant = (count: number, value: number, name = 'BM25'): ScoredResult =>
    scoredResult({ 'nDCG@10': queries(count, () => value) }, { system: { name } });

  it('fails however few queries there are: five of five from 1 to 0 cannot be significant among several', () => {
    const old = [constant(5, 1), constant(5, 1, 'other')];
    const cases = checkBaseline(baselineOf(old), [constant(5, 0), constant(5, 1, 'other')], defaultLimits);
    expect(cases[0]).toMatchObject({ verdict: 'failed', outcome: 'large drop', p: 2 / 2 ** 5 });
    expect(cases[0]!.message).toContain('which is large whatever p is');
  });

  it('fails however many results there are: ten of ten among 41', () => {
    const old = Array.from({ length: 41 }, (_, i) => constant(10, 0.6, `system ${i}`));
    const now = old.map((one, i) => (i === 3 ? constant(10, 0.4, 'system 3') : one));
    const failed = checkBaseline(baselineOf(old), now, { ...defaultLimits, alpha: 0.01 }).filter(
      ({ verdict }) => verdict === 'failed',
    );
    expect(failed).toMatchObject([{ system: 'system 3', outcome: 'large drop' }]);
  });

  it('fails where more than half of a small score is lost', () => {
    const [one] = check(constant(6, 0.04), [
      scoredResult({ 'nDCG@10': queries(6, (i) => (i < 4 ? 0 : 0.04)) }, { system: { name: 'BM25' } }),
    ]);
    expect(one).toMatchObject({ verdict: 'failed', outcome: 'large drop' });
    expect(one!.expected! - one!.found!).toBeCloseTo(0.04 * (4 / 6), 6);
    // Less than half of the limit may be two ranks of one query.
    expect(check(constant(4, 0.03), [constant(4, 0.006)])[0]).toMatchObject({ verdict: 'warned' });
  });

  it('has a limit that can be changed', () => {
    const [old, now] = [constant(4, 0.9), constant(4, 0.8)];
    expect(check(old, [now], { ...defaultLimits, largeDrop: 0.1 })[0]).toMatchObject({ verdict: 'warned' });
    expect(check(old, [now], { ...defaultLimits, largeDrop: 0.09 })[0]).toMatchObject({ verdict: 'failed' });
  });

  it.each([
    ['alpha', 0],
    ['alpha', 1e-9],
    ['alpha', NaN],
    ['maxDrop', -0.1],
    ['maxDrop', 0.06],
    ['largeDrop', Infinity],
    ['largeDrop', 1],
  ])('is not let through by limits under which nothing fails: %s %d', (name, value) => {
    const limits = { ...defaultLimits, [name]: value };
    expect(() => check(constant(5, 1), [constant(5, 0)], limits)).toThrow(/expected a number from/);
  });
});

describe('gated measures', () => {
  const both = (ndcg: number, recall: number): ScoredResult =>
    scoredResult({ 'nDCG@10': queries(30, () => ndcg), 'R@100': queries(30, () => recall) });

  it('are the main one and R@100, and each can fail alone', () => {
    const cases = check(both(0.5, 0.9), [both(0.5, 0.88)]);
    expect(cases.map(({ measure, verdict }) => [measure, verdict])).toEqual([
      ['nDCG@10', 'passed'],
      ['R@100', 'failed'],
    ]);
  });

  it('are those that were chosen, and stay so when the baseline is written again', () => {
    const chosen = baselineOf([both(0.5, 0.9)], { chosen: ['R@100'] });
    expect(chosen.results.map(({ means, byQuery }) => [means, byQuery])).toEqual([[{ 'R@100': 0.9 }, ['R@100']]]);
    const again = baselineOf([both(0.6, 0.8)], { old: chosen });
    expect(again.results[0]!.means).toEqual({ 'R@100': 0.8 });
    expect(() => baselineOf([both(0.5, 0.9)], { chosen: ['R@10'] })).toThrow(/unknown measure .*R@10/);
  });

  it('cannot be left out of a result, or renamed', () => {
    const now = scoredResult({ 'nDCG@10': queries(30, () => 0.5), 'R@1000': queries(30, () => 0.9) });
    expect(check(both(0.5, 0.9), [now])[0]).toMatchObject({ verdict: 'failed', outcome: 'not comparable' });
  });

  it('that are means over forums are compared as such: a small forum weighs as much as a large one', () => {
    const key = 'map@100_cqadupstack_avg';
    const forums = (small: number): ScoredResult => {
      const values: [string, number][] = [
        ...Array.from({ length: 190 }, (_, i): [string, number] => [`large/${i}`, 0.5]),
        ...Array.from({ length: 10 }, (_, i): [string, number] => [`small/${i}`, small]),
      ];
      const made = scoredResult({ [key]: values }, { record: { mainMeasure: key } });
      return { ...made, record: { ...made.record, measures: { [key]: (0.5 + small) / 2 } } };
    };
    const [one] = check(forums(0.5), [forums(0.44)]);
    // Over queries, the drop would be 0.003 and pass.
    expect(one).toMatchObject({ verdict: 'failed', outcome: 'dropped' });
    expect(one!.expected! - one!.found!).toBeCloseTo(0.03, 10);
  });
});

describe('a result that is not there or is another', () => {
  it('fails as missing', () => {
    const other = result(before, { system: { name: 'BM25 anserini-flat' } });
    const cases = check(result(before), [other]);
    expect(cases.map(({ outcome, verdict }) => [outcome, verdict])).toEqual([
      ['missing', 'failed'],
      ['new', 'skipped'],
    ]);
    expect(cases[0]).toMatchObject({ expected: expect.closeTo(0.49, 6) as number, found: null, p: null });
  });

  it.each<[string, ResultChanges, string]>([
    ['another checksum', { task: { checksum: checksum('b') } }, 'data checksum aaaaaaaaaaaa and bbbbbbbbbbbb'],
    ['another split', { task: { split: 'dev' } }, 'split test and dev'],
    ['fewer queries', { task: { queryLimit: 5 } }, 'queries all and the first 5'],
    ['another profile', { record: { profile: 'beir' } }, 'profile sgpt-paper and beir'],
  ])('fails as not comparable with %s', (_, changes, why) => {
    const cases = check(result(before), [result(before, changes)]);
    expect(cases).toHaveLength(1);
    expect(cases[0]).toMatchObject({ verdict: 'failed', outcome: 'not comparable' });
    expect(cases[0]!.message).toContain(why);
  });

  it('fails as not comparable without the measure', () => {
    const now = scoredResult({ 'R@100': queries(count, before) });
    expect(check(result(before), [now])[0]!.message).toContain('nDCG@10 in the baseline alone');
  });

  it('is found among results of other profiles', () => {
    const cases = check(result(before), [result(() => 0, { record: { profile: 'beir' } }), result(before)]);
    expect(cases.map(({ outcome }) => outcome)).toEqual(['equal', 'new']);
  });

  it('is another where it re-ranked another first stage or depth', () => {
    const stage = (depth: number): ResultChanges => ({
      record: { firstStage: { name: 'BM25', checksum: checksum('c'), depth } },
    });
    expect(check(result(before, stage(100)), [result(before, stage(10))])[0]).toMatchObject({ outcome: 'missing' });
  });
});

describe('several results', () => {
  const named = (name: string, valueOf: (index: number) => number): ScoredResult =>
    scoredResult({ 'nDCG@10': queries(40, valueOf) }, { system: { name } });

  it("have their p-values corrected by Holm's method", () => {
    const old = ['A', 'B', 'C'].map((name) => named(name, before));
    // Five of forty queries worse: p is exactly 1 / 2^5; ten: 1 / 2^10.
    const fall = (worse: number) => (i: number) => before(i) - (i < worse ? 0.1 : 0);
    const now = [named('A', fall(5)), named('B', fall(10)), named('C', before)];
    expect(checkBaseline(baselineOf(old), now, defaultLimits).map(({ p }) => p)).toEqual([2 / 32, 3 / 1024, 1]);
  });

  it('can fail however many they are', () => {
    const old = Array.from({ length: 120 }, (_, i) => named(`system ${i}`, before));
    const now = old.map((one, i) => (i === 7 ? named('system 7', (j) => before(j) - 0.1) : one));
    const failed = checkBaseline(baselineOf(old), now, { ...defaultLimits, alpha: 0.005 }).filter(
      ({ verdict }) => verdict === 'failed',
    );
    expect(failed.map(({ system }) => system)).toEqual(['system 7']);
  });
});

describe('chance', () => {
  /** A baseline and, for each of 100 trials, the same system with noise on every query and `shift` on top. */
  function failures(shift: number): number {
    const random = new RandomSource(7);
    const uniform = (): number => random.below(1 << 20) / (1 << 20);
    let failed = 0;
    for (let trial = 0; trial < 100; trial++) {
      const old = Array.from({ length: count }, () => 0.3 + 0.4 * uniform());
      const now = old.map((value) => value + 0.3 * (uniform() - 0.5) + shift);
      const cases = check(
        result((i) => old[i]!),
        [result((i) => now[i]!)],
        { ...defaultLimits, maxDrop: 0 },
      );
      if (cases[0]!.verdict === 'failed') failed++;
    }
    return failed;
  }

  it('alone trips the gate no more often than alpha says, and a real drop does', () => {
    // One-sided at 0.05: 5 of 100 trials are expected; more than 13 have a chance of 0.1 %.
    expect(failures(0)).toBeLessThanOrEqual(13);
    expect(failures(-0.05)).toBeGreaterThan(95);
  });
});
