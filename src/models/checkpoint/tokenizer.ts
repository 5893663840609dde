import { join } from 'node:path';
import { z } from 'zod';
import { InputError, messageOf } from '../../core/errors.js';
import { exists, readJson } from '../../io/files.js';
import { TimeLimitError, withTimeLimit } from '../../io/time-limit.js';
import { isKnownToEnd, requireIds, tokenizerSchema, withExactWhiteSpace } from './tokenizer-definition.js';

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

const configSchema = z.looseObject({ tokenizer_class: z.string().optional() });

/** Time for one text; a published tokenizer needs some milliseconds for the longest. */
const textMilliseconds = 10_000;
/** Time for reading a tokenizer; the largest vocabularies take a few seconds. */
const openMilliseconds = 120_000;

/**
 * Reads the tokenizer of a model folder (tokenizer.json, tokenizer_config.json) into transformers.js. A tokenizer that may
 * take very long for some text, because of a regular expression of its own, is ended after ten seconds per text, with an
 * error; steps of published tokenizers need no such limit, and pay nothing for it.
 * @param vocabularySize of config.json; null if it is not known
 * @throws InputError for a missing or broken file, or a token id beyond the vocabulary
 */
export async function openTokenizer(folder: string, vocabularySize: number | null = null): Promise<Tokenizer> {
  const tokenizerPath = join(folder, 'tokenizer.json');
  const definition = await readJson(tokenizerPath, tokenizerSchema, "the model's tokenizer");
  requireIds(definition, tokenizerPath, vocabularySize);
  const configFile = 'tokenizer_config.json';
  const hasConfig = await exists(join(folder, configFile));
  const config = hasConfig ? await readJson(join(folder, configFile), configSchema, "the tokenizer's settings") : {};
  const { PreTrainedTokenizer } = await import('@xenova/transformers');
  let tokenizer: InstanceType<typeof PreTrainedTokenizer>;
  try {
    const preTokenizer = withExactWhiteSpace(definition.pre_tokenizer);
    tokenizer = withTimeLimit(
      openMilliseconds,
      () => new PreTrainedTokenizer({ ...definition, pre_tokenizer: preTokenizer }, config),
    );
  } catch (error) {
    throw new InputError(`${tokenizerPath}: transformers.js cannot read this tokenizer (${messageOf(error)})`);
  }
  const vocabulary = tokenizer.get_vocab();
  const encodeFreely = (text: string, special: boolean): number[] =>
    tokenizer.encode(text, { add_special_tokens: special });
  const encode = isKnownToEnd(definition) ? encodeFreely : limited(encodeFreely, tokenizerPath);
  return {
    files: hasConfig ? ['tokenizer.json', configFile] : ['tokenizer.json'],
    encode: (text) => (text === '' ? [] : encode(text, false)),
    special: surroundings(tokenizerPath, encode('a', false), encode('a', true)),
    idOf: (token) => vocabulary.get(token),
    endOfText: tokenizer.eos_token_id,
  };
}

type Encode = (text: string, special: boolean) => number[];

/** Limits the time of an encoder, and explains its failures, which its own patterns may cause. */
function limited(encode: Encode, path: string): Encode {
  return (text, special) => {
    try {
      return withTimeLimit(textMilliseconds, () => encode(text, special));
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
