import { InputError } from '../../core/errors.js';
import type { Step } from './tokenizer-normalizers.js';
import { punctuation } from './unicode-differences.js';

/** GPT-2's pattern for splitting text into words (`encoder.py` of openai/gpt-2), which is built into ByteLevel. */
export const gpt2Words = String.raw`'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`;

/** A Split step that transformers.js runs with Unicode's properties, as the Rust tokenizers do. */
const split = (regex: string, behavior: 'Isolated' | 'Removed', invert = false): Step => ({
  type: 'Split',
  pattern: { Regex: regex },
  ...{ behavior, invert },
});
const inSequence = (...steps: unknown[]): Step => ({ type: 'Sequence', pretokenizers: steps });

/**
 * Steps whose built-in patterns are not the Rust tokenizers' in transformers.js: its white space includes U+FEFF but not
 * U+0085, its digits are the ASCII ones, and so on. In a Split it uses Unicode's properties.
 */
const exact: Readonly<Record<string, (step: Step, path: string) => Step>> = {
  Sequence: (step, path) => ({
    ...step,
    pretokenizers: (Array.isArray(step['pretokenizers']) ? step['pretokenizers'] : []).map((one, i) =>
      exactWords(one, path, i === 0),
    ),
  }),
  ByteLevel: (step) =>
    step['use_regex'] === false || step['add_prefix_space'] !== false
      ? step
      : inSequence(split(gpt2Words, 'Isolated'), { ...step, use_regex: false }),
  WhitespaceSplit: () => split(String.raw`\p{White_Space}+`, 'Removed'),
  Whitespace: () => split(String.raw`\w+|[^\w\s]+`, 'Removed', true),
  BertPreTokenizer: () => inSequence(split(String.raw`\p{White_Space}+`, 'Removed'), split(punctuation, 'Isolated')),
  Digits: ({ individual_digits: each }) => split(each === true ? String.raw`\p{N}` : String.raw`\p{N}+`, 'Isolated'),
  Punctuation: ({ behavior = 'Isolated' }, path) => {
    if (behavior === 'Isolated' || behavior === 'Removed') return split(punctuation, behavior);
    if (behavior === 'Contiguous') return split(`(?:${punctuation})+`, 'Isolated');
    throw unsupported(path, `Punctuation with behavior "${String(behavior)}"`);
  },
  Metaspace: (step) =>
    step['split'] === false
      ? step
      : inSequence(step, split(`${String(step['replacement'])}[^${String(step['replacement'])}]*`, 'Isolated')),
  Split(step, path) {
    const { behavior, pattern } = step;
    if (behavior === 'Isolated' || behavior === 'Removed') return step;
    const literal = (pattern as Step | undefined)?.['String'];
    if (typeof literal !== 'string') throw unsupported(path, `Split with behavior "${String(behavior)}"`);
    const quoted = literal.replace(/[\\^$.*+?()[\]{}|/-]/g, String.raw`\$&`);
    if (behavior === 'MergedWithPrevious')
      return split(`(?:(?!${quoted})[\\s\\S])*${quoted}|(?:(?!${quoted})[\\s\\S])+`, 'Isolated');
    if (behavior === 'MergedWithNext') return split(`${quoted}(?:(?!${quoted})[\\s\\S])*`, 'Isolated');
    if (behavior === 'Contiguous') return split(`(?:${quoted})+`, 'Isolated');
    throw unsupported(path, `Split with behavior "${String(behavior)}"`);
  },
};

/**
 * True if a space is put before texts that do not begin with one, by a ByteLevel that is the first step. It is left to the
 * caller: {@link exactWords} rewrites that step to one without.
 */
export function addsPrefixSpace(preTokenizer: unknown): boolean {
  if (typeof preTokenizer !== 'object' || preTokenizer === null) return false;
  const step = preTokenizer as Step;
  if (step['type'] === 'Sequence' && Array.isArray(step['pretokenizers']))
    return addsPrefixSpace(step['pretokenizers'][0]);
  return step['type'] === 'ByteLevel' && step['add_prefix_space'] !== false;
}

/**
 * Rewrites the `pre_tokenizer` of a tokenizer.json so that transformers.js splits texts as the Rust tokenizers do.
 * @throws InputError for a step that is not supported
 */
export function exactWords(preTokenizer: unknown, path: string, isFirst = true): unknown {
  if (typeof preTokenizer !== 'object' || preTokenizer === null) return preTokenizer;
  const step = preTokenizer as Step;
  const type = String(step['type']);
  if (type === 'ByteLevel' && isFirst) return exact[type]!({ ...step, add_prefix_space: false }, path);
  if (Object.hasOwn(exact, type)) return exact[type]!(step, path);
  throw unsupported(path, `"${type}"`);
}

function unsupported(path: string, what: string): InputError {
  return new InputError(`${path}: pre_tokenizer ${what} is not supported; supported: ${Object.keys(exact).join(', ')}`);
}
