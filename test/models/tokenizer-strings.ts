import { hash } from './random-gpt-neo.js';

const words = (
  "the of and search engine Query vector isn't I'm they'll we've token ization embedding 3.14 2024 1e-9 " +
  'https://example.org/?q=a&b=c user@example.com x_y foo-bar UPPER Title straße naïve café e\u0301te\u0301 ' +
  'Ǆ ﬁn ½ Ⅷ ２０２４ ｆｕｌｌ ㍿ ①②③ 漢字 かな カタカナ 中文 한국어 \u1112\u1161\u11ab 日本語。 العربية हिन्दी ไทย עברית Ελλάς ΣΊΣΥΦΟΣ ' +
  'Привет İstanbul ı ſ K Å \u0344 \u1e9b\u0323 😀 👩‍👩‍👧‍👦 🏳️‍🌈 🇩🇪 ✈️ 👍🏽 𝔘𝔫𝔦 𠮷 𝟘 ... --- !!! ??? <s> </s> [SEP] [MASK] <unk> <|endoftext|>'
).split(' ');
const spaces = [
  ...[' ', '  ', '   ', '\n', '\n\n', '\t', '\r\n', '\u00a0', '\u3000', '\u2009', '\u2028', '\u0085', '\u200b'],
  ...['\ufeff', ''],
];
const ranges: readonly (readonly [number, number])[] = [
  [0x00, 0x20],
  [0x20, 0x7f],
  [0x7f, 0x100],
  [0x100, 0x250],
  [0x300, 0x370],
  [0x2000, 0x2070],
  [0x2100, 0x2200],
  [0x3000, 0x3100],
  [0x4e00, 0x9fff],
  [0xac00, 0xd7a3],
  [0xf900, 0xfe00],
  [0xfe00, 0x10000],
  [0x1d400, 0x1d800],
  [0x1f1e6, 0x1f200],
  [0x1f300, 0x1f700],
  [0x20000, 0x20100],
];

/** String `number` of the fuzz: the formula of tools/goldens/tokenizers/strings.py. */
export function fuzzString(number: number): string {
  let state = Math.imul(number, 0x9e3779b9) >>> 0;
  const below = (limit: number): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    return hash(state) % limit;
  };
  let text = '';
  for (let pieces = 1 + below(12); pieces > 0; pieces--) {
    const kind = below(8);
    if (kind < 3) text += words[below(words.length)]!;
    else if (kind < 5) text += spaces[below(spaces.length)]!;
    else {
      const [low, high] = ranges[below(ranges.length)]!;
      text += String.fromCodePoint(low + below(high - low));
    }
  }
  return text;
}
