import { join } from 'node:path';
import { z } from 'zod';
import { InputError, messageOf } from '../../core/errors.js';
import { exists, readJson } from '../../io/files.js';

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

const tokenizerSchema = z.looseObject({ model: z.looseObject({}), pre_tokenizer: z.unknown() });
const configSchema = z.looseObject({ tokenizer_class: z.string().optional() });

/**
 * Reads the tokenizer of a model folder (tokenizer.json, tokenizer_config.json) into transformers.js.
 * @throws InputError for a missing or broken file
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

/** GPT-2's pattern for splitting text into words (`encoder.py` of openai/gpt-2), which is built into ByteLevel. */
const gpt2Words = String.raw`'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`;

/**
 * Replaces ByteLevel's built-in pattern by an explicit Split step. transformers.js runs the built-in pattern with
 * JavaScript's `\s`, which includes U+FEFF but not U+0085; in a Split it uses Unicode's definition of white space, as
 * the Rust tokenizers do. (With `add_prefix_space` the two steps cannot be separated: ByteLevel is left unchanged.)
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
