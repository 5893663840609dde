import { join } from 'node:path';
import { z } from 'zod';
import { InputError, messageOf } from '../../core/errors.js';
import { exists, readJson } from '../../io/files.js';

/** Turns text into a model's token ids. */
export interface Tokenizer {
  /** The files it was read from, relative to the model's folder. */
  readonly files: readonly string[];
  /** Token ids of the text alone: nothing put before it or after it. "" has none. */
  encode(text: string): number[];
  /**
   * The ids that the model's own post-processor puts around a text: BERT's [CLS] and [SEP], LLaMA's beginning of text;
   * none for GPT-2 and its kin.
   */
  readonly special: { readonly before: readonly number[]; readonly after: readonly number[] };
  /** The id of one token of the vocabulary, or undefined. */
  idOf(token: string): number | undefined;
  /** The largest id of the vocabulary. */
  readonly largestId: number;
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
    const preTokenizer = withExactWhiteSpace(definition.pre_tokenizer);
    tokenizer = new PreTrainedTokenizer({ ...definition, pre_tokenizer: preTokenizer }, config);
  } catch (error) {
    throw new InputError(`${tokenizerPath}: transformers.js cannot read this tokenizer (${messageOf(error)})`);
  }
  const vocabulary = tokenizer.get_vocab();
  const encode = (text: string, special: boolean): number[] => tokenizer.encode(text, { add_special_tokens: special });
  return {
    files: hasConfig ? ['tokenizer.json', configFile] : ['tokenizer.json'],
    encode: (text) => (text === '' ? [] : encode(text, false)),
    special: surroundings(tokenizerPath, encode('a', false), encode('a', true)),
    idOf: (token) => vocabulary.get(token),
    largestId: [...vocabulary.values()].reduce((largest, id) => Math.max(largest, id), -1),
    endOfText: tokenizer.eos_token_id,
  };
}

/** What is put before and after a text's ids. */
function surroundings(path: string, alone: readonly number[], surrounded: readonly number[]): Tokenizer['special'] {
  if (surrounded.length === 0) return { before: [], after: [] };
  const start = surrounded.findIndex((_, i) => alone.every((id, j) => surrounded[i + j] === id));
  if (start < 0 || alone.length === 0)
    throw new InputError(
      `${path}: its post_processor changes a text's own tokens; expected one that puts tokens around them`,
    );
  return { before: surrounded.slice(0, start), after: surrounded.slice(start + alone.length) };
}

/** GPT-2's way to cut text into words (`encoder.py` of openai/gpt-2), which tokenizers' ByteLevel has built in. */
const gpt2Words = String.raw`'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`;

/**
 * Spells ByteLevel's built-in expression out as a Split. transformers.js runs the built-in one with JavaScript's `\s`,
 * which counts U+FEFF as white space and U+0085 not; in a Split it goes by Unicode's definition, as the Rust tokenizers
 * do. (With `add_prefix_space` the two steps cannot be separated, and it is left as it is.)
 */
export function withExactWhiteSpace(preTokenizer: unknown): unknown {
  if (typeof preTokenizer !== 'object' || preTokenizer === null) return preTokenizer;
  const step = preTokenizer as Readonly<Record<string, unknown>>;
  if (step['type'] === 'Sequence' && Array.isArray(step['pretokenizers']))
    return { ...step, pretokenizers: step['pretokenizers'].map(withExactWhiteSpace) };
  if (step['type'] !== 'ByteLevel' || step['use_regex'] === false || step['add_prefix_space'] !== false) return step;
  const words = { type: 'Split', pattern: { Regex: gpt2Words }, behavior: 'Isolated', invert: false };
  return { type: 'Sequence', pretokenizers: [words, { ...step, use_regex: false }] };
}
