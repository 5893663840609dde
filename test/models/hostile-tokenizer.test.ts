import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { withTimeLimit } from '../../src/io/time-limit.js';
import { isKnownToEnd, tokenizerSchema } from '../../src/models/checkpoint/tokenizer-definition.js';
import { openTokenizer } from '../../src/models/checkpoint/tokenizer.js';
import { temporaryFolder } from '../helpers/folder.js';
import { fixture } from './goldens.js';

type Json = Record<string, unknown>;
const definitionOf = (name: string): Json =>
  JSON.parse(readFileSync(join(fixture(name), 'tokenizer.json'), 'utf8')) as Json;

/** A copy of a fixture's tokenizer, with changes. */
function changed(changes: (definition: Json) => Json): string {
  const folder = temporaryFolder();
  cpSync(join(fixture('gpt-neo'), 'tokenizer_config.json'), join(folder, 'tokenizer_config.json'));
  writeFileSync(join(folder, 'tokenizer.json'), JSON.stringify(changes(definitionOf('gpt-neo'))));
  return folder;
}

const split = (regex: string): Json => ({
  type: 'Split',
  pattern: { Regex: regex },
  behavior: 'Isolated',
  invert: false,
});

describe('a tokenizer', () => {
  it.each([
    [
      'an added token',
      (json: Json) => ({ ...json, added_tokens: [{ id: 1e9, content: '<x>', special: true }] }),
      '<x>',
    ],
    [
      'the vocabulary',
      ({ model, ...json }: Json) => ({ ...json, model: { ...(model as Json), vocab: { a: 1e9 } } }),
      'a',
    ],
    ['a fraction', ({ model, ...json }: Json) => ({ ...json, model: { ...(model as Json), vocab: { a: 0.5 } } }), 'a'],
    ['a negative id', (json: Json) => ({ ...json, added_tokens: [{ id: -1, content: 'b' }] }), 'b'],
  ])('with an impossible id in %s is refused by the name of the token', async (_, change, token) => {
    const folder = changed(change);
    await expect(openTokenizer(folder)).rejects.toThrow(
      new RegExp(`tokenizer\\.json: token "${token}" has the id [\\d.-]+, expected a whole number from 0 to 16777215`),
    );
    await expect(openTokenizer(folder, 411)).rejects.toThrow(
      new RegExp(`token "${token}" has the id [\\d.-]+, but config\\.json says vocab_size 411`),
    );
  });

  it('of a published kind needs no time limit', () => {
    for (const name of [
      'gpt-neo',
      'encoders/bert',
      'encoders/llama',
      'encoders/roberta',
      'encoders/mpnet',
      'encoders/opt',
    ])
      expect([name, isKnownToEnd(tokenizerSchema.parse(definitionOf(name)))]).toEqual([name, true]);
  });

  it.each([
    ['pre_tokenizer', split('(a+)+$')],
    ['pre_tokenizer', { type: 'Sequence', pretokenizers: [split('(a+)+$')] }],
    ['normalizer', { type: 'Replace', pattern: { Regex: '(a+)+$' }, content: 'b' }],
    ['normalizer', { type: 'Sequence', normalizers: [{ type: 'Replace', pattern: { String: 'a' }, content: 'aa' }] }],
  ])('with an unknown pattern in its %s does need one', (where, step) => {
    expect(isKnownToEnd(tokenizerSchema.parse({ ...definitionOf('gpt-neo'), [where]: step }))).toBe(false);
  });

  it('with a pattern of its own, but a harmless one, gives the same ids as without the limit', async () => {
    const pattern = String.raw`'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+|(?!x)x`;
    const folder = changed((json) => ({
      ...json,
      pre_tokenizer: {
        type: 'Sequence',
        pretokenizers: [split(pattern), { type: 'ByteLevel', add_prefix_space: false, use_regex: false }],
      },
    }));
    const [own, known] = [await openTokenizer(folder), await openTokenizer(fixture('gpt-neo'))];
    for (const text of ["It's a  text,\nwith 123 words. ", 'é 漢字 🙂', ''])
      expect(own.encode(text)).toEqual(known.encode(text));
  });
});

describe('a time limit', () => {
  it('ends a regular expression and a loop that would not end', () => {
    const backtracks = (): boolean => /(a+)+$/.test(`${'a'.repeat(60)}!`);
    expect(() => withTimeLimit(50, backtracks)).toThrow('took longer than 0.05 s');
    expect(() =>
      withTimeLimit(50, () => {
        for (;;);
      }),
    ).toThrow('took longer than 0.05 s');
  });

  it('passes results and errors through, also of work within work', () => {
    expect(withTimeLimit(1000, () => withTimeLimit(1000, () => [1, 2]))).toEqual([1, 2]);
    expect(() => withTimeLimit(1000, () => JSON.parse('{') as unknown)).toThrow(SyntaxError);
  });
});
