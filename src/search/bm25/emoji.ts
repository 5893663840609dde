import { classAt, isExtend, skipExtend, widthAt } from './characters.js';
import { wordBreakClass } from './word-break-data.js';

/** The emoji tokens of Lucene's StandardTokenizer (Unicode Technical Standard 51's sequences). */

const { RegionalIndicator, EmojiModifier, EmojiModifierBase, Emoji } = wordBreakClass;

/** The end of a flag, a pair of regional indicators; one alone is no token. */
export function flagEnd(text: string, start: number, limit: number): number {
  const second = skipExtend(text, start + 2, limit);
  if (second >= limit || classAt(text, second) !== RegionalIndicator) return start;
  return skipExtend(text, second + 2, limit);
}

/** The end of `#` or `*` followed by U+20E3. (A digit followed by it is a number, and so a token anyway.) */
export function keycapEnd(text: string, start: number, limit: number): number {
  const end = skipExtend(text, start + 1, limit);
  return text.slice(start, end).includes('\u20e3') ? end : start;
}

const presentation = { text: 0xfe0e, emoji: 0xfe0f } as const;
const zeroWidthJoiner = 0x200d;

/** The end of a sequence of pictographs with skin colours and marks, joined by zero-width joiners. */
export function emojiEnd(text: string, start: number, limit: number): number {
  let at = skipJoiners(text, start, limit);
  let end = start;
  while (at < limit && isPictograph(classAt(text, at))) {
    const base = classAt(text, at);
    at += widthAt(text, at);
    let modified = base === EmojiModifier;
    if (base === EmojiModifierBase) {
      const modifier = skipMarks(text, at, limit);
      modified = modifier < limit && classAt(text, modifier) === EmojiModifier;
      if (modified) at = modifier + widthAt(text, modifier);
    }
    end = skipMarks(text, at, limit);
    if (!modified && end < limit && text.charCodeAt(end) === presentation.emoji) end++;
    at = skipJoiners(text, end, limit);
    if (text.charCodeAt(at - 1) !== zeroWidthJoiner) break;
  }
  return end;
}

function isPictograph(value: number): boolean {
  return value >= EmojiModifier && value <= Emoji;
}

function skipJoiners(text: string, start: number, limit: number): number {
  let at = start;
  while (at < limit && text.charCodeAt(at) === zeroWidthJoiner) at++;
  return at;
}

/** Skips marks, except the two that choose between text and emoji presentation. */
function skipMarks(text: string, start: number, limit: number): number {
  let at = start;
  while (at < limit && isExtend(classAt(text, at))) {
    const unit = text.charCodeAt(at);
    if (unit === presentation.text || unit === presentation.emoji) break;
    at += widthAt(text, at);
  }
  return at;
}
