import { InputError } from '../../core/errors.js';
import type { Role } from '../../core/model.js';
import { pythonStrip } from '../../core/text.js';
import type { Settings } from '../../core/setting.js';
import { modelSettings, type SystemSpec } from '../../core/system-spec.js';
import type { Checkpoint } from '../checkpoint/checkpoint.js';
import type { Tokenizer } from '../checkpoint/tokenizer.js';
import { learnedPositions } from '../pooling/sentence-modules.js';
import { noPrompts, type SentenceTransformer } from '../pooling/sentence-transformers.js';
import { bracketIds, resolveBrackets, type BracketIds, type Brackets } from './brackets.js';
import { parseEmbedPrompt, promptedIds, refuseBracketsWithPrompt, type EmbedPrompt } from './embed-prompts.js';
import type { EncoderRequest } from './options.js';
import { surroundings, textIds, type TextIds } from './text-ids.js';
import { resolvePrompts, type ModelPrompts, type TextPrompt } from './text-prompts.js';

/** Conversion of texts to token ids for one model; the same for every kind of bi-encoder. */
export interface TextPreparation {
  /** Longest input in tokens, with the tokens around a text; null for no limit. */
  readonly limit: number | null;
  /** All settings that a vector depends on, besides the model's files; part of keys and records. */
  readonly settings: Settings;
  /** Remarks for the user. */
  readonly notes: readonly string[];
  ids(text: string, role: Role): TextIds;
  /** True if poolings leave out the tokens of prompts. */
  readonly skipsPrompt: boolean;
  /** Number of tokens before the first that is pooled. */
  start(role: Role): number;
  /** As an encoder's `documentText`. */
  readonly documentText?: (title: string, text: string) => string;
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
  const names = [checkpoint.id, checkpoint.nameOrPath].filter((name) => name !== '');
  const prompts =
    prompt === null ? resolvePrompts(request, { names, own: sentence?.prompts ?? noPrompts }) : unprompted;
  const skipsPrompt = prompt === null && sentence?.poolsPrompt === false;
  return {
    limit,
    settings: settingsOf({ brackets, limit, prompt, prompts, skipsPrompt }, sentence, request),
    notes: prompts.notes,
    ids: (text, role) =>
      prompt === null
        ? prompted(text, prompts[role], sentence, (whole) =>
            textIds(tokenizer, whole, idsOfBrackets?.[role] ?? null, limit),
          )
        : promptedIds(tokenizer, prompt, text, limit),
    skipsPrompt,
    start: (role) => (skipsPrompt ? promptTokens(tokenizer, prompts[role], sentence) : 0),
    ...(prompts.document?.applyToParts === undefined ? {} : { documentText: prompts.document.applyToParts }),
  };
}

const unprompted: ModelPrompts = { query: null, document: null, instruction: null, notes: [] };

interface ChosenMarks {
  readonly brackets: Brackets;
  readonly limit: number | null;
  readonly prompt: EmbedPrompt | null;
  readonly prompts: ModelPrompts;
  readonly skipsPrompt: boolean;
}

function settingsOf(
  { brackets, limit, prompt, prompts, skipsPrompt }: ChosenMarks,
  sentence: SentenceTransformer | null,
  request: EncoderRequest,
): Settings {
  const { query, document, instruction } = prompts;
  const settings = {
    ...{ brackets, maxTokens: limit, instruction, attention: request.attention, device: request.device },
    embedPrompt: prompt === null ? null : `${prompt.before}{}${prompt.after}`,
    queryPrompt: query?.recorded ?? null,
    documentPrompt: document?.recorded ?? null,
  };
  return modelSettings('local vectors', settings, {
    ...(prompt === null && sentence?.lowerCase === true ? { lowerCase: true } : {}),
    ...(skipsPrompt && (query ?? document) !== null ? { poolsPrompt: false } : {}),
  });
}

/**
 * Token ids of a text within its prompt. A document that already is (`documentText`) stays as it is.
 * @param toIds makes the ids of a whole text
 */
function prompted(
  text: string,
  prompt: TextPrompt | null,
  sentence: SentenceTransformer | null,
  toIds: (whole: string) => TextIds,
): TextIds {
  const whole = prompt === null || prompt.applyToParts !== undefined ? text : prompt.apply(text);
  const ids = toIds(sentence?.lowerCase === true ? whole.toLowerCase() : whole);
  return prompt === null ? ids : { ...ids, empty: pythonStrip(text) === '' };
}

/**
 * Number of tokens of a prompt alone, with the special tokens around it except the last, as sentence-transformers counts
 * them (`_get_prompt_length`). Like there, a token that joins the end of the prompt and the text's beginning is not seen.
 */
function promptTokens(tokenizer: Tokenizer, prompt: TextPrompt | null, sentence: SentenceTransformer | null): number {
  if (prompt === null || prompt.before === '') return 0;
  const { before, after } = tokenizer.special;
  const text = sentence?.lowerCase === true ? prompt.before.toLowerCase() : prompt.before;
  return before.length + tokenizer.encode(text).length + Math.max(0, after.length - 1);
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
