import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { englishTerms } from '../../src/search/bm25/english.js';
import { porterStem } from '../../src/search/bm25/porter.js';
import { forEachToken } from '../../src/search/bm25/tokenizer.js';
import { golden } from '../helpers/goldens.js';

function tokens(text: string): string[] {
  const found: string[] = [];
  forEachToken(text, (start, end) => found.push(text.slice(start, end)));
  return found;
}

describe('tokenizer', () => {
  test("words are those of Unicode's word break test", () => {
    const { cases } = golden(import.meta.url, 'word-break.json') as { cases: [string, string[]][] };
    expect(cases.length).toBeGreaterThan(250);
    // Here Lucene's grammar departs from UAX 29: a word takes in no pictograph after a joiner, and a skin colour on what is no
    // emoji modifier base is a token of its own.
    const departures = new Map([
      ['a\u200d\u{1f6d1}', ['a\u200d', '\u{1f6d1}']],
      ['a\u200d\u2701', ['a\u200d', '\u2701']],
      ['\u{1f6d1}\u{1f3ff}', ['\u{1f6d1}', '\u{1f3ff}']],
      ['\u200d\u{1f6d1}\u{1f3ff}', ['\u200d\u{1f6d1}', '\u{1f3ff}']],
      ['a\u{1f1e6}\u200d\u{1f1e7}\u{1f1e8}b', ['a', '\u{1f1e6}\u200d\u{1f1e7}', 'b']],
    ]);
    for (const [text, expected] of cases) {
      expect.soft(tokens(text), JSON.stringify(text)).toEqual(departures.get(text) ?? expected);
    }
  });

  test.each([
    ["can't O'Neil's 3.14 1,000 a.b a.1 1.a", ["can't", "O'Neil's", '3.14', '1,000', 'a.b', 'a', '1', '1', 'a']],
    ['foo_bar __ _x_ x__y', ['foo_bar', '_x_', 'x__y']],
    ['IL-6 α-tocopherol naïve cafe\u0301', ['IL', '6', 'α', 'tocopherol', 'naïve', 'cafe\u0301']],
    ['日本語 ひらがな カタカナ 한국어', ['日', '本', '語', 'ひ', 'ら', 'が', 'な', 'カタカナ', '한국어']],
    ['ภาษาไทย', ['ภาษาไทย']],
    ['א"ב ג\'', ['א"ב', "ג'"]],
    ['\u0301x \ud800 y\udc00', ['x', 'y']],
    // Emoji are tokens, as are the signs that Unicode counts among the pictographs.
    ['I ❤️ NY™ ©2020', ['I', '❤️', 'NY', '™', '©', '2020']],
    ['👩‍👩‍👧‍👦👍🏽 🇩🇪🇫🇷🇩 #️⃣ # *', ['👩‍👩‍👧‍👦', '👍🏽', '🇩🇪', '🇫🇷', '#️⃣']],
  ])('%s', (text, expected) => {
    expect(tokens(text)).toEqual(expected);
  });

  test('words over 255 units are cut, never within a surrogate pair', () => {
    expect(tokens(`${'a'.repeat(600)} b`).map((token) => token.length)).toEqual([255, 255, 90, 1]);
    const gothic = '\u{10330}';
    expect(tokens(`x${gothic.repeat(150)}`)).toEqual([`x${gothic.repeat(127)}`, gothic.repeat(23)]);
    expect(tokens(gothic.repeat(150))).toEqual([gothic.repeat(127), gothic.repeat(23)]);
  });

  test('tokens are in order, apart, not empty, and never split a code point', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
        let last = 0;
        forEachToken(text, (start, end) => {
          expect(start).toBeGreaterThanOrEqual(last);
          expect(end).toBeGreaterThan(start);
          const token = text.slice(start, end);
          expect(Buffer.from(token).toString()).toBe(token);
          last = end;
        });
      }),
      { numRuns: 200 },
    );
  });
});

describe('Porter stemmer', () => {
  const { stems } = golden(import.meta.url, 'porter.json') as { stems: Record<string, string> };

  test("stems are those of NLTK with Porter's extensions", () => {
    expect(Object.keys(stems).length).toBeGreaterThan(4000);
    expect(Object.fromEntries(Object.keys(stems).map((word) => [word, porterStem(word)]))).toEqual(stems);
  });

  test('a stem is no longer than its word, and short words stay', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'abeilnosty'), maxLength: 12 }), (word) => {
        expect(porterStem(word).length).toBeLessThanOrEqual(word.length);
        if (word.length < 3) expect(porterStem(word)).toBe(word);
      }),
    );
  });
});

describe('English analysis', () => {
  test.each([
    ['The cats’ owner is the dog\u2019s friend', ['cat', 'owner', 'dog', 'friend']],
    ["It's NOT In The U.S. AND there", ['u.']],
    // The possessive goes before the stop words do, so "it's" and "that's" are dropped.
    ["That's", []],
    ['THE O’S', ['o']],
    ['Statins ＃ İstanbul ΟΔΟΣ', ['statin', 'istanbul', 'οδοσ']],
    ['', []],
    [' \n\t.,;-', []],
  ])('%s', (text, expected) => {
    expect(englishTerms(text)).toEqual(expected);
  });
});
