import { pythonStrip, pythonStripEnd } from '../../core/text.js';
import type { Tokenizer } from '../checkpoint/tokenizer.js';

/** The token ids of a text as the model reads it. */
export interface TextIds {
  readonly ids: Int32Array;
  /** True if the text has no token of its own. */
  readonly empty: boolean;
  /** True if tokens of the text were cut off. */
  readonly truncated: boolean;
}

/**
 * Token ids of a stripped text, truncated on the right to fit together with the tokens around it. Between brackets, blanks
 * before the text stay, as SGPT's class puts the bracket before it strips (`sentence_bert_asym.py`): the first token of
 * `" text"` is another one than that of `"text"`.
 */
export function textIds(
  tokenizer: Tokenizer,
  text: string,
  brackets: readonly [number, number] | null,
  limit: number | null,
): TextIds {
  const ids = tokenizer.encode(brackets === null ? pythonStrip(text) : pythonStripEnd(text));
  const { before, after } = surroundings(tokenizer, brackets);
  const room = limit === null ? ids.length : limit - before.length - after.length;
  const kept = ids.length > room ? ids.slice(0, room) : ids;
  return {
    ids: Int32Array.from([...before, ...kept, ...after]),
    empty: ids.length === 0,
    truncated: ids.length > kept.length,
  };
}

/** The tokens around a text: its brackets, or without brackets the model's special tokens. */
export function surroundings(tokenizer: Tokenizer, brackets: readonly [number, number] | null): Tokenizer['special'] {
  return brackets === null ? tokenizer.special : { before: [brackets[0]], after: [brackets[1]] };
}
