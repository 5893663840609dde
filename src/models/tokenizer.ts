import { join } from 'node:path';
import { z } from 'zod';
import { InputError, messageOf } from '../core/errors.js';
import { exists, readJson } from '../core/files.js';

/** Turns text into a model's token ids. */
export interface Tokenizer {
  /** The files it was read from, relative to the model's folder. */
  readonly files: readonly string[];
  /** Token ids of the text alone: nothing put before it or after it. "" has none. */
  encode(text: string): number[];
  /** The id of one token of the vocabulary, or undefined. */
  idOf(token: string): number | undefined;
  /** The id of the token that ends a text, or undefined where the model has none. */
  readonly endOfText: number | undefined;
}

const tokenizerSchema = z.looseObject({ model: z.looseObject({}), pre_tokenizer: z.unknown() });
const configSchema = z.looseObject({ tokenizer_class: z.string().optional() });

/**
 * Reads the tokenizer of a model folder (tokenizer.json, tokenizer_config.json) into transformers.js.
 * @throws InputError for a file that is missing or broken
 */
export async function openTokenizer(folder: string): Promise<Tokenizer> {
  const tokenizerPath = join(folder, 'tokenizer.json');
  const definition = await readJson(tokenizerPath, tokenizerSchema, "the model's tokenizer");
  const configFile = 'tokenizer_config.json';
  const hasConfig = await exists(join(folder, configFile));
  const config = hasConfig ? await readJson(join(folder, configFile), configSchema, "the tokenizer's settings") : {};
  const { PreTrainedTokenizer } = await import('@xenova/transformers');
  let tokenizer: InstanceType<typeof PreTrainedTokenizer>;
  try {
    tokenizer = new PreTrainedTokenizer(definition, config);
  } catch (error) {
    throw new InputError(`${tokenizerPath}: transformers.js cannot read this tokenizer (${messageOf(error)})`);
  }
  const vocabulary = tokenizer.get_vocab();
  return {
    files: hasConfig ? ['tokenizer.json', configFile] : ['tokenizer.json'],
    encode: (text) => (text === '' ? [] : tokenizer.encode(text, { add_special_tokens: false })),
    idOf: (token) => vocabulary.get(token),
    endOfText: tokenizer.eos_token_id,
  };
}
