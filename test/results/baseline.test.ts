import { readFileSync } from 'node:fs';
import { mkdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { baselineOf, onePerEntry, readBaseline, writeBaseline } from '../../src/results/check/baseline.js';
import { checkBaseline } from '../../src/results/check/gate.js';
import { defaultLimits } from '../../src/results/check/limits.js';
import type { ScoredResult } from '../../src/results/verify.js';
import { temporaryFolder } from '../helpers/folder.js';
import { queries, scoredResult } from './fixtures.js';

const one = scoredResult({ 'nDCG@10': [...queries(30, (i) => i / 30), ['nothing', null]] });

async function written(text: string): Promise<string> {
  const path = join(temporaryFolder(), 'baseline.json');
  await writeFile(path, text);
  return path;
}

/** The text of a baseline of `one`, with a change. */
async function changed(change: (text: string) => string): Promise<string> {
  const path = join(temporaryFolder(), 'baseline.json');
  await writeBaseline(path, baselineOf([one]));
  return written(change(readFileSync(path, 'utf8')));
}

describe('a baseline file', () => {
  it('gives back what was written, queries in order, whatever their ids are', async () => {
    const path = join(temporaryFolder(), 'baseline.json');
    const ids = fc.uniqueArray(fc.oneof(fc.string({ minLength: 1 }), fc.constantFrom('10', '9', '__proto__', '"')));
    const values = fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { nil: null });
    await fc.assert(
      fc.asyncProperty(ids, fc.infiniteStream(values), async (names, stream) => {
        const result = scoredResult({
          'nDCG@10': names.map((id) => [id, stream.next().value as number | null] as const),
        });
        const baseline = baselineOf([result]);
        await writeBaseline(path, baseline);
        const again = await readBaseline(path);
        expect(again).toEqual(baseline);
        expect(again.results[0]!.scores.map(([id]) => id)).toEqual(names);
        expect(checkBaseline(again, [result], defaultLimits)).toMatchObject([{ outcome: 'equal' }]);
      }),
      { numRuns: 50 },
    );
  });

  it('has the same bytes whatever the order of the results, in short lines', async () => {
    const other = scoredResult({ 'nDCG@10': queries(3, () => 0.5) }, { system: { name: 'Another' } });
    const [a, b] = [join(temporaryFolder(), 'a.json'), join(temporaryFolder(), 'b.json')];
    await writeBaseline(a, baselineOf([one, other]));
    await writeBaseline(b, baselineOf([other, one]));
    const text = readFileSync(a, 'utf8');
    expect(readFileSync(b, 'utf8')).toBe(text);
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(120);
    expect(text).toContain('["q2", 0.033333], ["q3", 0.066667]');
  });
});

describe('a file that is no baseline', () => {
  it.each<[string, (text: string) => string, RegExp]>([
    [
      'another version',
      (text) => text.replace('"version": 2', '"version": 9'),
      /field "version": found 9; .* version 2; .*--update/,
    ],
    ['no version', (text) => text.replace('"version": 2', '"versio": 2'), /field "version": found null/],
    ['broken JSON', (text) => text.slice(0, -20), /is not valid JSON/],
    ['an empty file', () => '', /is not valid JSON/],
    ['another file', () => '{"name": "sgpt-bench"}', /field "schema"/],
    [
      'a score that is text',
      (text) => text.replace('["q2", 0.033333]', '["q2", "0.03"]'),
      /field "results\.0\.scores\.1\.1"/,
    ],
    ['a query twice', (text) => text.replace('"q2"', '"q3"'), /field "results\.0\.scores": has a query twice/],
    ['a field too many', (text) => text.replace('"means"', '"median": 1, "means"'), /median/],
    [
      'no results',
      () => '{"schema": "sgpt-bench/baseline", "version": 2, "results": []}',
      /field "results": expected at least one result/,
    ],
  ])('is refused with its name and the field: %s', async (_, change, message) => {
    const path = await changed(change);
    await expect(readBaseline(path)).rejects.toThrow(message);
    await expect(readBaseline(path)).rejects.toThrow(path);
    await expect(readBaseline(path)).rejects.toHaveProperty('name', 'InputError');
  });

  it('is refused when it is not there', async () => {
    await expect(readBaseline('no/such/baseline.json')).rejects.toThrow(
      /no\/such\/baseline\.json: there is no such file/,
    );
  });
});

describe('two results of one task and system', () => {
  /** Two results in folders of their own; the record of the second was written so many seconds later, whatever they say. */
  async function two(seconds: number): Promise<[ScoredResult, ScoredResult]> {
    const root = temporaryFolder();
    const made = ['2027-01-01T00:00:00.000Z', '2026-01-01T00:00:00.000Z'].map((createdAt, i) =>
      scoredResult({ 'nDCG@10': queries(3, () => 0) }, { folder: join(root, String(i)), provenance: { createdAt } }),
    ) as [ScoredResult, ScoredResult];
    for (const [i, { folder }] of made.entries()) {
      await mkdir(folder);
      await writeFile(join(folder, 'record.json'), '{}');
      const time = 1_700_000_000 + i * seconds;
      await utimes(join(folder, 'record.json'), time, time);
    }
    return made;
  }

  it('are refused with their folders', async () => {
    const [a, b] = await two(1);
    const refused = onePerEntry([a, b], false);
    await expect(refused).rejects.toThrow(new RegExp(`${a.folder} and ${b.folder}; .*--newest`));
  });

  it('are the one whose file was written last where that is asked for, whatever the records say', async () => {
    const [a, b] = await two(1);
    expect(await onePerEntry([a, b], true)).toEqual([b]);
    expect(await onePerEntry([b, a], true)).toEqual([b]);
  });

  it('are refused if both were written at the same time, as after unpacking', async () => {
    await expect(onePerEntry(await two(0), true)).rejects.toThrow(/written at the same time/);
  });

  it('are two where their profiles differ', async () => {
    const beir = scoredResult({ 'nDCG@10': queries(3, () => 0) }, { record: { profile: 'beir' } });
    expect(await onePerEntry([one, beir], false)).toHaveLength(2);
  });
});
