import { join } from 'node:path';
import type { PreTrainedTokenizer } from '@xenova/transformers';
import { z } from 'zod';
import { InputError, messageOf } from '../../core/errors.js';
import { exists, readJson } from '../../io/files.js';
import { AddedTokenFinder, type AddedToken } from './added-tokens.js';
import { normalizerOf, type Normalize } from './tokenizer-normalizers.js';
import { specialTokenFields, specialTokens } from './tokenizer-special.js';
import { addsPrefixSpace, exactWords } from './tokenizer-words.js';
import { Unigram, unigramSchema } from './unigram.js';

/** Converts text to a model's token ids. */
export interface Tokenizer {
  /** Files that it was read from, relative to the model's folder. */
  readonly files: readonly string[];
  /** Token ids of the text, without special tokens; empty for "". */
  encode(text: string): number[];
  /**
   * Ids of the special tokens that the model's post-processor puts before and after a text: BERT's [CLS] and [SEP],
   * LLaMA's beginning of text; none for GPT-2 and similar models.
   */
  readonly special: { readonly before: readonly number[]; readonly after: readonly number[] };
  /** Id of one token, or undefined if the vocabulary does not have it. */
  idOf(token: string): number | undefined;
  /** Largest id of the vocabulary. */
  readonly largestId: number;
  /** Id of the end-of-text token, or undefined if the model has none. */
  readonly endOfText: number | undefined;
}

const flag = z.boolean().default(false);
const addedTokenSchema = z.looseObject({
  id: z.int().nonnegative(),
  content: z.string(),
  ...{ single_word: flag, lstrip: flag, rstrip: flag, special: flag },
  normalized: z.boolean().optional(),
});
const tokenizerSchema = z.looseObject({
  model: z.looseObject({}),
  normalizer: z.unknown(),
  pre_tokenizer: z.unknown(),
  added_tokens: z.array(addedTokenSchema).default([]),
});
type Definition = z.infer<typeof tokenizerSchema>;
const configSchema = z.looseObject(specialTokenFields);

/**
 * Reads the tokenizer of a model folder (tokenizer.json, tokenizer_config.json). Words and their pieces are found by
 * transformers.js; added tokens and normalisation, where it differs from the Rust tokenizers, by this program.
 * @throws InputError for a missing or broken file, or a part that is not supported
 */
export async function openTokenizer(folder: string): Promise<Tokenizer> {
  const path = join(folder, 'tokenizer.json');
  const definition = await readJson(path, tokenizerSchema, "the model's tokenizer");
  const configFile = 'tokenizer_config.json';
  const hasConfig = await exists(join(folder, configFile));
  const config = hasConfig ? await readJson(join(folder, configFile), configSchema, "the tokenizer's settings") : {};
  const transformersJs = await import('@xenova/transformers');
  const open = (changes: object): PreTrainedTokenizer => {
    try {
      return new transformersJs.PreTrainedTokenizer({ ...definition, normalizer: null, ...changes }, config);
    } catch (error) {
      throw new InputError(`${path}: transformers.js cannot read this tokenizer (${messageOf(error)})`);
    }
  };
  const tokenizer = open({ pre_tokenizer: exactWords(definition.pre_tokenizer, path) });
  const splitter = (pattern: unknown): ((text: string) => string[]) => {
    const step = { type: 'Split', pattern, behavior: 'Isolated', invert: false };
    const { pre_tokenizer: split } = partsOf(open({ pre_tokenizer: step }));
    return (text) => split!.pre_tokenize(text);
  };
  const normalize = normalizerOf(definition.normalizer, { path, splitter });
  const vocabulary = tokenizer.get_vocab();
  const encode = (text: string, special: boolean): number[] => tokenizer.encode(text, { add_special_tokens: special });
  return {
    files: hasConfig ? ['tokenizer.json', configFile] : ['tokenizer.json'],
    encode: encoderOf(tokenizer, definition, normalize),
    special: specialTokens(
      hasConfig ? join(folder, configFile) : path,
      config,
      surroundings(path, encode('a', false), encode('a', true)),
      (token) => vocabulary.get(token),
    ),
    idOf: (token) => vocabulary.get(token),
    largestId: [...vocabulary.values()].reduce((largest, id) => Math.max(largest, id), -1),
    endOfText: tokenizer.eos_token_id,
  };
}

/**
 * A text's token ids, without special tokens: added tokens are taken out, the rest is normalised, added tokens that are
 * normalised themselves are taken out, and what is left is split into words and pieces.
 */
function encoderOf(
  tokenizer: PreTrainedTokenizer,
  { model, pre_tokenizer, added_tokens }: Definition,
  normalize: Normalize,
): (text: string) => number[] {
  const tokens = added_tokens.map((token): AddedToken => ({
    ...token,
    normalized: token.normalized ?? !token.special,
  }));
  const literal = new AddedTokenFinder(
    tokens.filter((token) => !token.normalized).map((token) => [token.content, token]),
  );
  const normalised = new AddedTokenFinder(
    tokens.filter((token) => token.normalized).map((token) => [normalize(token.content), token]),
  );
  const { pre_tokenizer: words } = partsOf(tokenizer);
  const prefix = addsPrefixSpace(pre_tokenizer);
  const idsOf = piecesOf(tokenizer, model);
  const sectionIds = (text: string, isFirst: boolean): number[] => {
    const prefixed = prefix && !text.startsWith(' ') ? ` ${text}` : text;
    return idsOf(words === null ? [prefixed] : words.pre_tokenize(prefixed, { section_index: isFirst ? 0 : 1 }));
  };
  return (text) =>
    literal
      .split(text)
      .flatMap((section, i) =>
        typeof section === 'number'
          ? [section]
          : normalised
              .split(normalize(section))
              .flatMap((part, j) => (typeof part === 'number' ? [part] : sectionIds(part, i === 0 && j === 0))),
      );
}

/** The ids of words' pieces. */
function piecesOf(tokenizer: PreTrainedTokenizer, definition: Definition['model']): (words: string[]) => number[] {
  const unigram = unigramSchema.safeParse(definition);
  if (unigram.success) {
    const model = new Unigram(unigram.data);
    return (words) => words.flatMap((word) => model.encode(word));
  }
  const { model } = partsOf(tokenizer);
  return (words) => model._call(words).map((piece) => model.tokens_to_ids.get(piece) ?? model.unk_token_id!);
}

/** The parts of transformers.js' tokenizers that are used here. */
interface TransformersJsParts {
  readonly pre_tokenizer: { pre_tokenize(text: string, options?: { section_index: number }): string[] } | null;
  readonly model: {
    _call(words: string[]): string[];
    readonly tokens_to_ids: ReadonlyMap<string, number>;
    readonly unk_token_id?: number;
  };
}

function partsOf({ _tokenizer }: PreTrainedTokenizer): TransformersJsParts {
  return _tokenizer as TransformersJsParts;
}

/** Finds the special tokens before and after a text, given its ids with and without them. */
function surroundings(path: string, alone: readonly number[], surrounded: readonly number[]): Tokenizer['special'] {
  if (surrounded.length === 0) return { before: [], after: [] };
  const start = surrounded.findIndex((_, i) => alone.every((id, j) => surrounded[i + j] === id));
  if (start < 0 || alone.length === 0)
    throw new InputError(
      `${path}: its post_processor changes a text's own tokens; expected one that puts tokens around them`,
    );
  return { before: surrounded.slice(0, start), after: surrounded.slice(start + alone.length) };
}
