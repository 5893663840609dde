import { classAt, isExtend, skipExtend, widthAt } from './characters.js';
import { emojiEnd, flagEnd, keycapEnd } from './emoji.js';
import { wordBreakClass } from './word-break-data.js';

/**
 * Lucene's StandardTokenizer (StandardTokenizerImpl.jflex): words by Unicode Standard Annex 29, where a token has at least
 * one letter, digit, kana or pictograph. Each ideograph and each Hiragana is one token; a run of a South-East Asian
 * script is one token. `Intl.Segmenter` differs: it splits Chinese, Japanese and Thai by a dictionary, and follows the
 * Unicode version of the runtime. Here it is always Unicode 15.0.
 */

/** Lucene's StandardTokenizer cuts longer tokens (in UTF-16 units) into pieces. */
const maxTokenLength = 255;

const {
  Other,
  ALetter,
  HebrewLetter,
  Numeric,
  Katakana,
  ExtendNumLet,
  MidLetter,
  MidNum,
  SingleQuote,
  DoubleQuote,
  ZWJ,
  ComplexContext,
  ComplexContextExtend,
  Han,
  Hiragana,
  RegionalIndicator,
  KeycapBase,
  EmojiModifier,
  EmojiModifierBase,
  Emoji,
} = wordBreakClass;

/** Calls `visit` with the bounds of each token, in order: `text.slice(start, end)`. */
export function forEachToken(text: string, visit: (start: number, end: number) => void): void {
  let at = 0;
  while (at < text.length) {
    const end = tokenEnd(text, at);
    if (end > at) {
      visit(at, end);
      at = end;
    } else {
      at += widthAt(text, at);
    }
  }
}

/** The end of the token that starts at `start`, or `start` if there is none. */
function tokenEnd(text: string, start: number): number {
  const first = classAt(text, start);
  if (first === Other) return start;
  const limit = windowEnd(text, start);
  switch (first) {
    case ALetter:
    case HebrewLetter:
    case Numeric:
    case Katakana:
    case ExtendNumLet:
      return wordEnd(text, start, limit);
    case Han:
    case Hiragana:
      return skipExtend(text, start + widthAt(text, start), limit);
    case ComplexContext:
    case ComplexContextExtend:
      return complexContextEnd(text, start, limit);
    case RegionalIndicator:
      return flagEnd(text, start, limit);
    case KeycapBase:
      return keycapEnd(text, start, limit);
    case ZWJ:
    case EmojiModifier:
    case EmojiModifierBase:
    case Emoji:
      return emojiEnd(text, start, limit);
    default:
      return start;
  }
}

/** The end of a word, by rules WB4 to WB13b. */
function wordEnd(text: string, start: number, limit: number): number {
  let previous: number = Other;
  let hasWordCharacter = false;
  let at = start;
  while (at < limit) {
    const current = classAt(text, at);
    if (current >= ALetter && current <= ExtendNumLet) {
      if (!joins(previous, current)) break;
      if (current !== ExtendNumLet) hasWordCharacter = true;
      previous = current;
      at += widthAt(text, at);
    } else if (isExtend(current)) {
      at += widthAt(text, at);
    } else if (current >= MidLetter && current <= DoubleQuote) {
      const next = skipExtend(text, at + widthAt(text, at), limit);
      const following = next < limit ? classAt(text, next) : Other;
      // WB7a takes a single quote after a Hebrew letter into the word, whatever follows.
      if (!bridges(previous, current, following) && !(previous === HebrewLetter && current === SingleQuote)) break;
      at = next;
    } else {
      break;
    }
  }
  return hasWordCharacter ? at : start;
}

/** True if a word continues from one character class to the next (WB5, WB8-WB10, WB13-WB13b). */
function joins(previous: number, current: number): boolean {
  if (previous === Other || previous === ExtendNumLet || current === ExtendNumLet) return true;
  return (previous === Katakana) === (current === Katakana);
}

/** True if a word continues across a mark in its middle: `can't`, `3.14`, `1,000` (WB6, WB7, WB7b, WB7c, WB11, WB12). */
function bridges(previous: number, mark: number, following: number): boolean {
  if (mark === DoubleQuote) return previous === HebrewLetter && following === HebrewLetter;
  if (previous === Numeric) return mark !== MidLetter && following === Numeric;
  if (previous !== ALetter && previous !== HebrewLetter) return false;
  return mark !== MidNum && (following === ALetter || following === HebrewLetter);
}

/** The end of a run of a South-East Asian script. */
function complexContextEnd(text: string, start: number, limit: number): number {
  let at = start;
  while (at < limit) {
    const current = classAt(text, at);
    if (current !== ComplexContext && !isExtend(current)) break;
    at += widthAt(text, at);
  }
  return at;
}

/** The end of the tokenizer's window; never inside a surrogate pair. */
function windowEnd(text: string, start: number): number {
  const end = start + maxTokenLength;
  if (end >= text.length) return text.length;
  return widthAt(text, end - 1) === 2 ? end - 1 : end;
}
