import { InputError } from '../../core/errors.js';
import type { Role } from '../../core/model.js';
import type { Settings } from '../../core/setting.js';
import { modelSettings, type SystemSpec } from '../../core/system-spec.js';
import type { Checkpoint } from '../checkpoint/checkpoint.js';
import type { Tokenizer } from '../checkpoint/tokenizer.js';
import { learnedPositions } from '../pooling/sentence-modules.js';
import type { SentenceTransformer } from '../pooling/sentence-transformers.js';
import { bracketIds, resolveBrackets, type BracketIds, type Brackets } from './brackets.js';
import { parseEmbedPrompt, promptedIds, refuseBracketsWithPrompt, type EmbedPrompt } from './embed-prompts.js';
import type { EncoderRequest } from './options.js';
import { surroundings, textIds, type TextIds } from './text-ids.js';

/** Conversion of texts to token ids for one model; the same for every kind of bi-encoder. */
export interface TextPreparation {
  /** Longest input in tokens, with the tokens around a text; null for no limit. */
  readonly limit: number | null;
  /** All settings that a vector depends on, besides the model's files; part of keys and records. */
  readonly settings: Settings;
  ids(text: string, role: Role): TextIds;
}

/** Tokens or text put around each text: brackets, or a prompt. */
export interface Marks {
  /** As requested; `auto` is resolved by the model's name. */
  readonly brackets: Brackets;
  readonly prompt: EmbedPrompt | null;
}

/** The model that texts are prepared for. */
export interface TextModel {
  readonly checkpoint: Pick<Checkpoint, 'id' | 'nameOrPath'>;
  readonly tokenizer: Tokenizer;
  /** Number of positions, or null if they are unlimited. */
  readonly positions: number | null;
  readonly sentence: SentenceTransformer | null;
}

/**
 * Checks the options about brackets and prompts that can be checked without a model.
 * @throws InputError for an invalid prompt, or for both brackets and a prompt
 */
export function parseMarks({ brackets, embedPrompt }: Pick<SystemSpec, 'brackets' | 'embedPrompt'>): Marks {
  const prompt = embedPrompt === null ? null : parseEmbedPrompt(embedPrompt);
  refuseBracketsWithPrompt(brackets, embedPrompt);
  return { brackets, prompt };
}

/**
 * Prepares a model's conversion of texts to token ids.
 * @throws InputError for brackets that the vocabulary does not have, or a limit that leaves no room for a text
 */
export function prepareTexts(
  { checkpoint, tokenizer, positions, sentence }: TextModel,
  marks: Marks,
  request: EncoderRequest,
): TextPreparation {
  const { prompt } = marks;
  const brackets = prompt === null ? resolveBrackets(marks.brackets, checkpoint.id, checkpoint.nameOrPath) : 'none';
  const idsOfBrackets = bracketIds(brackets, tokenizer, checkpoint.id);
  const modelLimit = Math.min(positions ?? Infinity, learnedPositions(sentence?.modules ?? []));
  const limit = tokenLimit(request.maxTokens ?? sentence?.maxTokens ?? null, modelLimit, tokenizer, idsOfBrackets);
  const embedPrompt = prompt === null ? null : `${prompt.before}{}${prompt.after}`;
  return {
    limit,
    settings: modelSettings(
      'local vectors',
      { brackets, maxTokens: limit, embedPrompt, attention: request.attention, device: request.device },
      prompt === null ? modelTextSettings(sentence) : {},
    ),
    ids: (text, role) =>
      prompt === null
        ? textIds(tokenizer, withModelPrompt(sentence, text, role), idsOfBrackets?.[role] ?? null, limit)
        : promptedIds(tokenizer, prompt, text, limit),
  };
}

/** Puts the model's own prompt before a text, and converts both to lower case if the model requires it. */
function withModelPrompt(sentence: SentenceTransformer | null, text: string, role: Role): string {
  if (sentence === null) return text;
  const prompted = sentence.prompts[role] + text;
  return sentence.lowerCase ? prompted.toLowerCase() : prompted;
}

function modelTextSettings(sentence: SentenceTransformer | null): Readonly<Record<string, string | boolean>> {
  return {
    ...(sentence?.lowerCase === true ? { lowerCase: true } : {}),
    ...((sentence?.prompts.query ?? '') === '' ? {} : { queryPrompt: sentence!.prompts.query }),
    ...((sentence?.prompts.document ?? '') === '' ? {} : { documentPrompt: sentence!.prompts.document }),
  };
}

/**
 * The longest input in tokens: the smaller of the requested limit and the model's, null if both are null.
 * @throws InputError if it leaves no room for a text
 */
export function tokenLimit(
  requested: number | null,
  modelLimit: number | null,
  tokenizer: Tokenizer,
  brackets: BracketIds | null,
): number | null {
  if (requested !== null && (!Number.isInteger(requested) || requested < 1))
    throw new InputError(`maxTokens: ${requested} is not possible; expected a whole number from 1, or null`);
  const limit = Math.min(requested ?? Infinity, modelLimit ?? Infinity);
  const { before, after } = surroundings(tokenizer, brackets?.query ?? null);
  const taken = before.length + after.length;
  if (limit <= taken)
    throw new InputError(
      `maxTokens: ${limit} leaves no room for a text between the ${taken} tokens around it; expected at least ${taken + 1}`,
    );
  return limit === Infinity ? null : limit;
}
