import { createHash } from 'node:crypto';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { openTokenizer, type Tokenizer } from '../../src/models/checkpoint/tokenizer.js';
import { normalizerOf } from '../../src/models/checkpoint/tokenizer-normalizers.js';
import { temporaryFolder } from '../helpers/folder.js';
import { golden } from './goldens.js';
import { fuzzString } from './tokenizer-strings.js';

const folder = new URL('goldens/tokenizers/', import.meta.url);
const names = readdirSync(folder)
  .filter((file) => file.endsWith('.json') && file !== 'characters.json')
  .map((file) => file.slice(0, -'.json'.length));

/** What Python's `tokenizers` made of the strings (tools/goldens/tokenizers/make_goldens.py). */
interface TokenizerGolden {
  readonly tokenizer: object;
  readonly blocks: readonly string[];
  readonly examples: readonly { readonly text: string; readonly ids: number[] }[];
}

const blockSize = 100;
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

async function open(definition: object): Promise<Tokenizer> {
  const charsmap = gunzipSync(readFileSync(new URL('nmt_nfkc.gz', folder))).toString('base64');
  const path = temporaryFolder();
  const text = JSON.stringify(definition).replace('"nmt_nfkc"', JSON.stringify(charsmap));
  writeFileSync(join(path, 'tokenizer.json'), text);
  return openTokenizer(path);
}

describe.each(names)('the tokenizer %s', (name) => {
  const { tokenizer, blocks, examples } = golden(`tokenizers/${name}`) as TokenizerGolden;

  it('gives the ids that the Rust tokenizers give, for 10,000 strings of all scripts', async () => {
    const opened = await open(tokenizer);
    const { before, after } = opened.special;
    const idsOf = (text: string): number[] => [...before, ...opened.encode(text), ...after];
    examples.forEach(({ text, ids }, i) => {
      expect(fuzzString(i)).toBe(text);
      expect(idsOf(text)).toEqual(ids);
    });
    const actual = blocks.map((_, block) => {
      const rows = Array.from({ length: blockSize }, (_, i) => idsOf(fuzzString(block * blockSize + i)).join(','));
      return sha256(rows.join('\n')).slice(0, 12);
    });
    expect(actual).toEqual(blocks);
  });
});

describe('every character', () => {
  const { definitions, blocks } = golden('tokenizers/characters') as {
    readonly definitions: Readonly<Record<string, object>>;
    readonly blocks: Readonly<Record<string, readonly string[]>>;
  };
  const block = 0x2000;

  it.each(Object.keys(blocks))('is to %s what it is to the Rust tokenizers', async (name) => {
    const definition = definitions[name]!;
    const isNormalizer = !/Tokenizer|Split|Digits|Punctuation/.test(name);
    const result = isNormalizer ? normalized(definition) : await words(definition);
    const actual = blocks[name]!.map((_, i) => {
      const codes = Array.from({ length: block }, (_, j) => i * block + j).filter(
        (c) => (c < 0xd800 || c >= 0xe000) && c !== 0x20,
      );
      return sha256(codes.map((code) => result(String.fromCodePoint(code))).join('\n')).slice(0, 8);
    });
    expect(actual).toEqual(blocks[name]);
  });
});

function normalized(definition: object): (character: string) => string {
  const normalize = normalizerOf(definition, { path: 'tokenizer.json', splitter: () => (text) => [text] });
  return (character) => normalize(`${character}a${character}`);
}

/** Splits `aXb`, in a tokenizer whose pieces are bytes, so that the words can be read off. */
async function words(step: object): Promise<(character: string) => string> {
  const { tokenizer } = golden('tokenizers/gpt2') as { tokenizer: { model: { vocab: Record<string, number> } } };
  const vocab = Object.fromEntries(Object.entries(tokenizer.model.vocab).filter(([piece]) => piece.length === 1));
  const mark = Object.keys(vocab).length;
  const bytes = { type: 'ByteLevel', add_prefix_space: true, trim_offsets: false, use_regex: false };
  const opened = await open({
    ...tokenizer,
    added_tokens: [],
    normalizer: null,
    post_processor: null,
    pre_tokenizer: { type: 'Sequence', pretokenizers: [step, bytes] },
    model: { ...tokenizer.model, vocab: { ...vocab, '\u2581': mark }, merges: [] },
  });
  const byId = new Map(Object.entries(vocab).map(([piece, id]) => [id, piece]));
  const space = vocab['Ġ'];
  const codeOf = byteCodes();
  return (character) => {
    const pieces: number[][] = [];
    for (const id of opened.encode(`a${character}b`)) {
      if (id === space) pieces.push([]);
      else pieces.at(-1)!.push(codeOf.get(byId.get(id)!)!);
    }
    return pieces.map((piece) => Buffer.from(piece).toString()).join('|');
  };
}

/** ByteLevel's character of each byte, the other way round. */
function byteCodes(): Map<string, number> {
  const printed = (byte: number): boolean =>
    (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
  let next = 256;
  return new Map(
    Array.from({ length: 256 }, (_, byte) => [String.fromCodePoint(printed(byte) ? byte : next++), byte] as const),
  );
}
