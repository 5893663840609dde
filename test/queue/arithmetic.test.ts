import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { corpora, corpusTable, costTable, readRates, sentences } from '../../tools/scale-out/arithmetic.js';

const read = (name: string): string => readFileSync(join(import.meta.dirname, '../../docs', name), 'utf8');
const rates = readRates(read('performance.md'));
/** Where sentences are broken into lines makes no difference. */
const page = read('scale-out.md');
const oneLine = page.replace(/\s+/g, ' ');

describe('the arithmetic of docs/scale-out.md (to be mended with npx tsx tools/scale-out/print.ts)', () => {
  it('has the tables that follow from the catalogue and the rates of docs/performance.md', () => {
    expect(page).toContain(corpusTable());
    expect(page).toContain(costTable(rates));
  });

  it.each(sentences(rates))('says "%s"', (sentence) => {
    expect(oneLine).toContain(sentence);
  });

  it('counts the whole of BEIR', () => {
    expect(corpora()).toHaveLength(19);
    // By hand: MS MARCO's 8,841,823 documents of 55.98 words.
    expect(corpora()[0]!.tokens).toBeCloseTo(8_841_823 * 55.98 * 1.4, 0);
    // Robust04's documents are cut: 466.4 words are 653 tokens.
    expect(corpora().find(({ title }) => title === 'Robust04')!.tokens).toBe(528_155 * 299);
  });

  it('follows the rates: at a tenth of them, everything takes ten times as long', () => {
    const hours = (table: string): number[] =>
      table
        .split('\n')
        .find((line) => line.startsWith('| core hours  '))!
        .match(/[\d,]+/g)!
        .map((text) => Number(text.replaceAll(',', '')));
    const slow = { fp32: rates.fp32 / 10, int8: rates.int8 / 10, search: rates.search / 10 };
    expect(hours(costTable(slow))).toEqual(hours(costTable(rates)).map((value) => value * 10));
  });
});
