import { InputError } from '../../core/errors.js';
import type { Role } from '../../core/model.js';
import type { Settings } from '../../core/setting.js';
import { modelSettings } from '../../core/system-spec.js';
import { pythonStrip } from '../../core/text.js';
import type { Checkpoint } from '../checkpoint/checkpoint.js';
import type { Tokenizer } from '../checkpoint/tokenizer.js';
import { learnedPositions } from '../pooling/sentence-modules.js';
import type { SentenceTransformer } from '../pooling/sentence-transformers.js';
import { bracketIds, resolveBrackets, type BracketIds, type Brackets } from './brackets.js';
import { parseEmbedPrompt, promptedIds, requireOneMark, type EmbedPrompt } from './embed-prompts.js';
import type { BiEncoderOptions } from './options.js';

/** How texts become token ids for one model: the same for every kind of bi-encoder. */
export interface TextPreparation {
  /** Longest input in tokens, with what is put around a text; null for no limit. */
  readonly limit: number | null;
  /** All that a vector depends on besides the model's files, for keys and records. */
  readonly settings: Settings;
  ids(text: string, role: Role): Int32Array;
}

/** What is put around texts: brackets, or a prompt. */
export interface Marks {
  /** As asked for; `auto` is resolved by the model's name. */
  readonly brackets: Brackets;
  readonly prompt: EmbedPrompt | null;
}

/** The model that texts are prepared for. */
export interface TextModel {
  readonly checkpoint: Pick<Checkpoint, 'id' | 'nameOrPath'>;
  readonly tokenizer: Tokenizer;
  /** How many positions it has, or null where they have no end. */
  readonly positions: number | null;
  readonly sentence: SentenceTransformer | null;
}

/**
 * Checks options that can be wrong without a model.
 * @throws InputError for a prompt that is none, or brackets beside a prompt
 */
export function parseMarks({
  brackets = 'auto',
  embedPrompt,
}: Pick<BiEncoderOptions, 'brackets' | 'embedPrompt'>): Marks {
  const prompt = embedPrompt === undefined ? null : parseEmbedPrompt(embedPrompt);
  requireOneMark(brackets, embedPrompt ?? null);
  return { brackets, prompt };
}

/** @throws InputError for brackets that the vocabulary does not have, or a limit that leaves no room for a text */
export function prepareTexts(
  { checkpoint, tokenizer, positions, sentence }: TextModel,
  marks: Marks,
  { maxTokens, device = 'cpu' }: Pick<BiEncoderOptions, 'maxTokens' | 'device'>,
): TextPreparation {
  const { prompt } = marks;
  const brackets = prompt === null ? resolveBrackets(marks.brackets, checkpoint.id, checkpoint.nameOrPath) : 'none';
  const around = bracketIds(brackets, tokenizer, checkpoint.id);
  const possible = Math.min(positions ?? Infinity, learnedPositions(sentence?.modules ?? []));
  const limit = tokenLimit(maxTokens ?? sentence?.maxTokens ?? null, possible, tokenizer, around);
  const embedPrompt = prompt === null ? null : `${prompt.before}{}${prompt.after}`;
  return {
    limit,
    settings: modelSettings(
      'local vectors',
      { brackets, maxTokens: limit, embedPrompt, device },
      prompt === null ? textSettings(sentence) : {},
    ),
    ids: (text, role) =>
      prompt === null
        ? textIds(tokenizer, withOwnPrompt(sentence, text, role), around?.[role] ?? null, limit)
        : promptedIds(tokenizer, prompt, text, limit),
  };
}

/** A text with the model's own prompt before it, in lower case where the model wants that. */
function withOwnPrompt(sentence: SentenceTransformer | null, text: string, role: Role): string {
  if (sentence === null) return text;
  const whole = sentence.prompts[role] + text;
  return sentence.lowerCase ? whole.toLowerCase() : whole;
}

function textSettings(sentence: SentenceTransformer | null): Readonly<Record<string, string | boolean>> {
  return {
    ...(sentence?.lowerCase === true ? { lowerCase: true } : {}),
    ...((sentence?.prompts.query ?? '') === '' ? {} : { queryPrompt: sentence!.prompts.query }),
    ...((sentence?.prompts.document ?? '') === '' ? {} : { documentPrompt: sentence!.prompts.document }),
  };
}

/** The longest input, of what is wanted and what is possible. @throws InputError where it leaves no room for a text */
export function tokenLimit(
  wanted: number | null,
  possible: number | null,
  tokenizer: Tokenizer,
  marks: BracketIds | null,
): number | null {
  if (wanted !== null && (!Number.isInteger(wanted) || wanted < 1))
    throw new InputError(`maxTokens: ${wanted} is not possible; expected a whole number from 1, or null`);
  const limit = Math.min(wanted ?? Infinity, possible ?? Infinity);
  const { before, after } = surroundings(tokenizer, marks?.query ?? null);
  const taken = before.length + after.length;
  if (limit <= taken)
    throw new InputError(
      `maxTokens: ${limit} leaves no room for a text between the ${taken} tokens around it; expected at least ${taken + 1}`,
    );
  return limit === Infinity ? null : limit;
}

/** Token ids of a stripped text, cut on the right so that it fits with what is put around it. */
export function textIds(
  tokenizer: Tokenizer,
  text: string,
  marks: readonly [number, number] | null,
  limit: number | null,
): Int32Array {
  const ids = tokenizer.encode(pythonStrip(text));
  const { before, after } = surroundings(tokenizer, marks);
  const kept = limit === null ? ids : ids.slice(0, limit - before.length - after.length);
  return Int32Array.from([...before, ...kept, ...after]);
}

/** Brackets stand instead of the special tokens. */
function surroundings(tokenizer: Tokenizer, marks: readonly [number, number] | null): Tokenizer['special'] {
  return marks === null ? tokenizer.special : { before: [marks[0]], after: [marks[1]] };
}
