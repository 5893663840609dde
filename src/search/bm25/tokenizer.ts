import { classAt, isExtend, skipExtend, widthAt } from './characters.js';
import { emojiEnd, flagEnd, keycapEnd } from './emoji.js';
import { wordBreakClass } from './word-break-data.js';

/**
 * Lucene's StandardTokenizer (StandardTokenizerImpl.jflex): the words of Unicode Standard Annex 29, where a token is a run
 * with a letter, digit, kana or pictograph in it. Ideographs and Hiragana are tokens one by one, South-East Asian
 * scripts stay together in runs. `Intl.Segmenter` is not the same: it looks Chinese, Japanese and Thai up in a
 * dictionary, and follows the Unicode version of the runtime. Here it is Unicode 15.0, whatever runs it.
 */

/** Lucene's StandardTokenizer sees no further than this many UTF-16 units: a longer word is cut into pieces. */
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

/** Calls `visit` with the place of each token, in order: `text.slice(start, end)`. */
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

/** The end of the token that starts at `start`, or `start` if none does. */
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

/** Rules WB4 to WB13b. */
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

/** Whether a word goes on from one class of character to another beside it (WB5, WB8-WB10, WB13-WB13b). */
function joins(previous: number, current: number): boolean {
  if (previous === Other || previous === ExtendNumLet || current === ExtendNumLet) return true;
  return (previous === Katakana) === (current === Katakana);
}

/** Whether a word goes on across a mark in its middle: `can't`, `3.14`, `1,000` (WB6, WB7, WB7b, WB7c, WB11, WB12). */
function bridges(previous: number, mark: number, following: number): boolean {
  if (mark === DoubleQuote) return previous === HebrewLetter && following === HebrewLetter;
  if (previous === Numeric) return mark !== MidLetter && following === Numeric;
  if (previous !== ALetter && previous !== HebrewLetter) return false;
  return mark !== MidNum && (following === ALetter || following === HebrewLetter);
}

/** A run of a South-East Asian script. */
function complexContextEnd(text: string, start: number, limit: number): number {
  let at = start;
  while (at < limit) {
    const current = classAt(text, at);
    if (current !== ComplexContext && !isExtend(current)) break;
    at += widthAt(text, at);
  }
  return at;
}

/** Where the tokenizer's window ends; never within a surrogate pair. */
function windowEnd(text: string, start: number): number {
  const end = start + maxTokenLength;
  if (end >= text.length) return text.length;
  return widthAt(text, end - 1) === 2 ? end - 1 : end;
}
