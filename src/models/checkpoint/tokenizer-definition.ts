import { z } from 'zod';
import { InputError } from '../../core/errors.js';
import { gpt2Words } from './tokenizer-words.js';

const flag = z.boolean().default(false);
const added = z.looseObject({
  id: z.number(),
  content: z.string(),
  ...{ single_word: flag, lstrip: flag, rstrip: flag, special: flag },
  normalized: z.boolean().optional(),
});
/** A vocabulary: token → id, or a list whose positions are the ids, of [token, score] pairs (Unigram). */
const vocabulary = z.union([z.record(z.string(), z.number()), z.array(z.unknown())]);

/** The parts of tokenizer.json that are looked at before transformers.js reads it. */
export const tokenizerSchema = z.looseObject({
  model: z.looseObject({ vocab: vocabulary.optional() }),
  added_tokens: z.array(added).nullish(),
  normalizer: z.unknown(),
  pre_tokenizer: z.unknown(),
});
export type TokenizerDefinition = z.output<typeof tokenizerSchema>;

/** Ids beyond this are refused even where no vocabulary size is known; the largest vocabularies have some 260,000. */
const maxId = 2 ** 24;

/**
 * Checks the ids before lists as long as the largest of them are made.
 * @param vocabularySize of config.json; null if it is not known
 * @throws InputError naming the token
 */
export function requireIds(definition: TokenizerDefinition, path: string, vocabularySize: number | null): void {
  const end = vocabularySize ?? maxId;
  const check = (token: string, id: number): void => {
    if (Number.isInteger(id) && id >= 0 && id < end) return;
    const expected =
      vocabularySize === null
        ? `expected a whole number from 0 to ${maxId - 1}`
        : `but config.json says vocab_size ${vocabularySize}; the tokenizer of another model?`;
    throw new InputError(`${path}: token "${token}" has the id ${id}, ${expected}`);
  };
  const { vocab = {} } = definition.model;
  if (Array.isArray(vocab)) {
    if (vocab.length > end) check(firstOf(vocab.at(-1)), vocab.length - 1);
  } else for (const [token, id] of Object.entries(vocab)) check(token, id);
  for (const { content, id } of definition.added_tokens ?? []) check(content, id);
}

function firstOf(entry: unknown): string {
  const first: unknown = Array.isArray(entry) ? entry[0] : entry;
  return typeof first === 'string' ? first : '';
}

/**
 * Patterns of published tokenizers. Each alternative matches runs of one class of characters, so that their time grows
 * with the length of the text: they need no time limit.
 */
const knownPatterns: ReadonlySet<string> = new Set([
  gpt2Words,
  // Sentencepiece models: XLM-R, T5, DeBERTa.
  ' {2,}',
  // BLOOM
  String.raw` ?[^(\s|[.,!?…。，、।۔،])]+`,
  // LLaMA 3 and Qwen 2, after OpenAI's cl100k
  String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`,
  String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`,
]);

/** Longest word that WordPiece tries to split, in published tokenizers; its time grows with the square. */
const knownWordLength = 200;

/**
 * True if every step of the tokenizer is one whose time grows with the length of the text: no pattern but the known ones,
 * no replacement that makes the text longer, no unusual limit on words.
 */
export function isKnownToEnd(definition: TokenizerDefinition): boolean {
  const { max_input_chars_per_word: longestWord } = definition.model;
  if (longestWord != null && !(Number(longestWord) <= knownWordLength)) return false;
  return [definition.normalizer, definition.pre_tokenizer].every(isKnownStep);
}

function isKnownStep(step: unknown): boolean {
  if (Array.isArray(step)) return step.every(isKnownStep);
  if (typeof step !== 'object' || step === null) return true;
  const { pattern, content } = step as Readonly<Record<string, unknown>>;
  const { Regex: regex, String: text } = (pattern ?? {}) as Readonly<Record<string, unknown>>;
  if (regex !== undefined && !(typeof regex === 'string' && knownPatterns.has(regex))) return false;
  const replaced = typeof text === 'string' ? text.length : 1;
  if (typeof content === 'string' && content.length > replaced) return false;
  return Object.entries(step).every(([key, value]) => key === 'pattern' || isKnownStep(value));
}
