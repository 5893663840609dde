import { describe, expect, it } from 'vitest';
import { InputError } from '../../src/core/errors.js';
import { specialTokens } from '../../src/models/checkpoint/tokenizer-special.js';

const ids = new Map([
  ['<s>', 1],
  ['</s>', 2],
]);
const tokens = { bos_token: '<s>', eos_token: { content: '</s>' } };
const none = { before: [], after: [] };
const begins = { before: [1], after: [] };
const special = (config: object, processed = begins): object =>
  specialTokens('tokenizer_config.json', { ...tokens, ...config }, processed, (token) => ids.get(token));

describe('the tokens around a text', () => {
  it.each([
    ['the post-processor’s without flags', {}, begins],
    ['LLaMA’s with both', { tokenizer_class: 'LlamaTokenizer', add_eos_token: true }, { before: [1], after: [2] }],
    ['LLaMA’s without any', { tokenizer_class: 'LlamaTokenizerFast', add_bos_token: false }, none],
    ['Gemma’s', { tokenizer_class: 'GemmaTokenizer', add_bos_token: true, add_eos_token: false }, begins],
    ['another class’s that its post-processor puts', { tokenizer_class: 'GPT2Tokenizer', add_bos_token: true }, begins],
    ['another class’s, whose flag is false', { tokenizer_class: 'Qwen2Tokenizer', add_bos_token: false }, begins],
  ])('are %s', (_, config, expected) => {
    expect(special(config)).toEqual(expected);
  });

  it('that versions of transformers differ about are refused', () => {
    const config = { tokenizer_class: 'Qwen2Tokenizer', add_eos_token: true };
    expect(() => special(config)).toThrow(InputError);
    expect(() => special(config)).toThrow(
      'add_eos_token is true, but the post_processor of tokenizer.json puts no such',
    );
  });

  it('that are not in the vocabulary are refused', () => {
    const config = { tokenizer_class: 'LlamaTokenizer', add_eos_token: true, eos_token: '<end>' };
    expect(() => special(config)).toThrow('add_eos_token is true, but its eos_token is not in the vocabulary');
  });
});
