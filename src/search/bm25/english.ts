import { porterStem } from './porter.js';
import { forEachToken } from './tokenizer.js';

/**
 * Lucene's EnglishAnalyzer, which is Elasticsearch's `english` and has the same steps as Anserini's default: standard
 * tokenizer, possessive 's removed, lower case, 33 stop words dropped, Porter stemmer, in this order.
 */

/** Lucene's EnglishAnalyzer.ENGLISH_STOP_WORDS_SET. */
const stopWords: ReadonlySet<string> = new Set(
  (
    'a an and are as at be but by for if in into is it no not of on or such that the their then there these they this ' +
    'to was will with'
  ).split(' '),
);

/** The terms of a text, in order and with repetitions. */
export function englishTerms(text: string): string[] {
  const terms: string[] = [];
  forEachToken(text, (start, end) => {
    const term = englishTerm(text.slice(start, end));
    if (term !== undefined) terms.push(term);
  });
  return terms;
}

/** The term of one token of the standard tokenizer; undefined for a stop word. */
export function englishTerm(token: string): string | undefined {
  const word = lowerCase(token.replace(/['\u2019\uff07][sS]$/, ''));
  return stopWords.has(word) ? undefined : porterStem(word);
}

/**
 * Lower case by code point, as Java's Character.toLowerCase does it. JavaScript's toLowerCase looks at the whole word
 * for a final sigma, and turns a capital I with a dot into two code points.
 */
function lowerCase(word: string): string {
  if (!/[\u0130\u03a3]/.test(word)) return word.toLowerCase();
  return Array.from(word, (character) => (character === '\u0130' ? 'i' : character.toLowerCase())).join('');
}
