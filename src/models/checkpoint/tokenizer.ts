import { join } from 'node:path';
import type { PreTrainedTokenizer } from '@xenova/transformers';
import { z } from 'zod';
import { InputError, messageOf } from '../../core/errors.js';
import { exists, readJson } from '../../io/files.js';
import { TimeLimitError, withTimeLimit } from '../../io/time-limit.js';
import { AddedTokenFinder, type AddedToken } from './added-tokens.js';
import { isKnownToEnd, requireIds, tokenizerSchema, type TokenizerDefinition } from './tokenizer-definition.js';
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
  /** Id of the end-of-text token, or undefined if the model has none. */
  readonly endOfText: number | undefined;
}

const configSchema = z.looseObject(specialTokenFields);

/** Time for one text; a published tokenizer needs some milliseconds for the longest. */
const textMilliseconds = 10_000;
/** Time for reading a tokenizer; the largest vocabularies take a few seconds. */
const openMilliseconds = 120_000;

/**
 * Reads the tokenizer of a model folder (tokenizer.json, tokenizer_config.json). Words and their pieces are found by
 * transformers.js; added tokens and normalisation, where it differs from the Rust tokenizers, by this program. A tokenizer
 * that may take very long for some text, because of a regular expression of its own, is ended after ten seconds per text,
 * with an error; steps of published tokenizers need no such limit, and pay nothing for it.
 * @param vocabularySize of config.json; null if it is not known
 * @throws InputError for a missing or broken file, a part that is not supported, or a token id beyond the vocabulary
 */
export async function openTokenizer(folder: string, vocabularySize: number | null = null): Promise<Tokenizer> {
  const path = join(folder, 'tokenizer.json');
  const definition = await readJson(path, tokenizerSchema, "the model's tokenizer");
  requireIds(definition, path, vocabularySize);
  const configFile = 'tokenizer_config.json';
  const hasConfig = await exists(join(folder, configFile));
  const config = hasConfig ? await readJson(join(folder, configFile), configSchema, "the tokenizer's settings") : {};
  const { PreTrainedTokenizer: Reader } = await import('@xenova/transformers');
  const open = (preTokenizer: unknown): PreTrainedTokenizer => {
    try {
      const read = { ...definition, normalizer: null, pre_tokenizer: preTokenizer };
      return withTimeLimit(openMilliseconds, () => new Reader(read, config));
    } catch (error) {
      throw new InputError(`${path}: transformers.js cannot read this tokenizer (${messageOf(error)})`);
    }
  };
  const tokenizer = open(exactWords(definition.pre_tokenizer, path));
  const splitter = (pattern: unknown): ((text: string) => string[]) => {
    const { pre_tokenizer: split } = partsOf(open({ type: 'Split', pattern, behavior: 'Isolated', invert: false }));
    return (text) => split!.pre_tokenize(text);
  };
  const normalize = normalizerOf(definition.normalizer, { path, splitter });
  const limit = (encode: Encode): Encode => (isKnownToEnd(definition) ? encode : limited(encode, path));
  const vocabulary = tokenizer.get_vocab();
  const surrounded = limit((text) => tokenizer.encode(text, { add_special_tokens: true }));
  const alone = limit((text) => tokenizer.encode(text, { add_special_tokens: false }));
  return {
    files: hasConfig ? ['tokenizer.json', configFile] : ['tokenizer.json'],
    encode: limit(encoderOf(tokenizer, definition, normalize)),
    special: specialTokens(
      hasConfig ? join(folder, configFile) : path,
      config,
      surroundings(path, alone('a'), surrounded('a')),
      (token) => vocabulary.get(token),
    ),
    idOf: (token) => vocabulary.get(token),
    endOfText: tokenizer.eos_token_id,
  };
}

/**
 * A text's token ids, without special tokens: added tokens are taken out, the rest is normalised, added tokens that are
 * normalised themselves are taken out, and what is left is split into words and pieces.
 */
function encoderOf(
  tokenizer: PreTrainedTokenizer,
  { model, pre_tokenizer, added_tokens }: TokenizerDefinition,
  normalize: Normalize,
): (text: string) => number[] {
  const tokens = (added_tokens ?? []).map((token): AddedToken => ({
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
function piecesOf(
  tokenizer: PreTrainedTokenizer,
  definition: TokenizerDefinition['model'],
): (words: string[]) => number[] {
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

type Encode = (text: string) => number[];

/** Limits the time of an encoder, and explains its failures, which its own patterns may cause. */
function limited(encode: Encode, path: string): Encode {
  return (text) => {
    try {
      return withTimeLimit(textMilliseconds, () => encode(text));
    } catch (error) {
      const problem = error instanceof TimeLimitError ? error.message : `failed (${messageOf(error)})`;
      throw new InputError(
        `${path}: this tokenizer ${problem} for the text "${text.slice(0, 60)}"; do not trust this file`,
        {
          cause: error,
        },
      );
    }
  };
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
