import { InputError } from '../../core/errors.js';
import { pythonStrip } from '../../core/text.js';
import type { Tokenizer } from '../checkpoint/tokenizer.js';
import type { TextIds } from './text-ids.js';

/** A prompt that asks the model for the meaning of the text within; the last token's hidden state is the embedding. */
export interface EmbedPrompt {
  readonly before: string;
  readonly after: string;
}

/** PromptEOL (Jiang et al. 2024, "Scaling Sentence Embeddings with Large Language Models"). */
const eol = 'This sentence : "{}" means in one word:"';

/**
 * Parses an embedding prompt.
 * @param text `eol`; `eol:SENTENCE=WORD`, which starts with a demonstration (several are separated by `|`); or any text
 * with {} once, in place of the text to embed
 * @throws InputError for anything else
 */
export function parseEmbedPrompt(text: string): EmbedPrompt {
  const template = text === 'eol' ? eol : text.startsWith('eol:') ? withDemonstrations(text) : text;
  const [before, after, ...more] = template.split('{}');
  if (after === undefined || more.length > 0)
    throw new InputError(
      `embedding prompt "${text}": has {} ${template.split('{}').length - 1} times; expected eol, eol:SENTENCE=WORD, or a text with {} once`,
    );
  return { before: before!, after };
}

/** @throws InputError if both brackets and an embedding prompt are given */
export function refuseBracketsWithPrompt(brackets: string, embedPrompt: string | null): void {
  if (embedPrompt !== null && brackets !== 'auto' && brackets !== 'none')
    throw new InputError(`brackets "${brackets}" and an embedding prompt exclude each other; leave one out`);
}

/** Puts demonstrations before the template, filled in and answered: `This sentence : "…" means in one word:"Word".` */
function withDemonstrations(text: string): string {
  const demonstrations = text
    .slice('eol:'.length)
    .split('|')
    .map((demonstration) => {
      const at = demonstration.lastIndexOf('=');
      if (at < 1 || at === demonstration.length - 1 || demonstration.includes('{}'))
        throw new InputError(`embedding prompt "${text}": found "${demonstration}"; expected SENTENCE=WORD after eol:`);
      return `${eol.replace('{}', () => demonstration.slice(0, at))}${demonstration.slice(at + 1)}".`;
    });
  return demonstrations.join('') + eol;
}

/**
 * Token ids of a stripped text within its prompt and the model's special tokens. Prompt and text are tokenised as one
 * string, as in the reference program. If they are too long, the text is tokenised separately and truncated on the
 * right.
 * @throws InputError if the prompt leaves no room for a text
 */
export function promptedIds(
  tokenizer: Tokenizer,
  { before, after }: EmbedPrompt,
  text: string,
  limit: number | null,
): TextIds {
  const { special } = tokenizer;
  const stripped = pythonStrip(text);
  const whole = [...special.before, ...tokenizer.encode(before + stripped + after), ...special.after];
  if (limit === null || whole.length <= limit)
    return { ids: Int32Array.from(whole), empty: stripped === '', truncated: false };
  const [head, tail] = [tokenizer.encode(before), tokenizer.encode(after)];
  const room = limit - special.before.length - head.length - tail.length - special.after.length;
  if (room < 1)
    throw new InputError(`the embedding prompt leaves no room for a text within ${limit} tokens; use a shorter one`);
  const kept = tokenizer.encode(stripped).slice(0, room);
  const ids = Int32Array.from([...special.before, ...head, ...kept, ...tail, ...special.after]);
  return { ids, empty: kept.length === 0, truncated: true };
}
