import { InputError } from '../../core/errors.js';
import { PrecompiledNormalizer } from './precompiled-normalizer.js';
import { isAccent, isControl, isMark, unicodeNormalForm } from './unicode-differences.js';

/** A step of a tokenizer.json. */
export type Step = Readonly<Record<string, unknown>>;
export type Normalize = (text: string) => string;

/** Unicode's white space, which is not JavaScript's: that lacks U+0085 and has U+FEFF. */
const whiteSpace = String.raw`\p{White_Space}`;
const spaceAtStart = new RegExp(`^${whiteSpace}+`, 'u');
const spaceAtEnd = new RegExp(`${whiteSpace}+$`, 'u');

/** CJK ideographs, with the gap that the Rust tokenizers have. */
const ideograph =
  /[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u{20000}-\u{2a6df}\u{2a700}-\u{2b81f}\u{2b920}-\u{2ceaf}\u{2f800}-\u{2fa1f}]/gu;

/** Supported normalizers, each as the Rust tokenizers compute it. */
const normalizers: Readonly<Record<string, (step: Step, context: Context) => Normalize>> = {
  Sequence: ({ normalizers: steps }, context) => inSequence(Array.isArray(steps) ? steps : [], context),
  NFC: () => (text) => unicodeNormalForm(text, 'NFC'),
  NFD: () => (text) => unicodeNormalForm(text, 'NFD'),
  NFKC: () => (text) => unicodeNormalForm(text, 'NFKC'),
  NFKD: () => (text) => unicodeNormalForm(text, 'NFKD'),
  Lowercase: () => lowercase,
  StripAccents: () => (text) => without(text, isMark),
  Strip: strip,
  Prepend:
    ({ prepend }) =>
    (text) =>
      text === '' ? '' : String(prepend) + text,
  Replace: replace,
  Precompiled: ({ precompiled_charsmap: charsmap }, { path }) => {
    if (typeof charsmap !== 'string') return (text) => text;
    const table = new PrecompiledNormalizer(charsmap, path);
    return (text) => table.normalize(text);
  },
  BertNormalizer: bert,
};

/** What a normalizer needs besides its settings. */
export interface Context {
  /** The tokenizer's file, for errors. */
  readonly path: string;
  /** Compiles a pattern of a tokenizer.json to a function that splits a text at its matches, and keeps them. */
  readonly splitter: (pattern: unknown) => (text: string) => string[];
}

/**
 * The `normalizer` of a tokenizer.json as a function. Each follows tokenizers' Rust code, whose Unicode tables are older
 * than JavaScript's (unicode-differences.ts).
 * @throws InputError for a type that is not supported
 */
export function normalizerOf(definition: unknown, context: Context): Normalize {
  if (definition == null) return (text) => text;
  const step = definition as Step;
  const type = String(step['type']);
  const create = Object.hasOwn(normalizers, type) ? normalizers[type] : undefined;
  if (create !== undefined) return create(step, context);
  throw new InputError(
    `${context.path}: normalizer "${type}" is not supported; supported: ${Object.keys(normalizers).join(', ')}`,
  );
}

function inSequence(steps: readonly unknown[], context: Context): Normalize {
  const all = steps.map((step) => normalizerOf(step, context));
  return (text) => all.reduce((result, normalize) => normalize(result), text);
}

/** Character by character: Σ at the end of a word becomes σ. */
function lowercase(text: string): string {
  let result = '';
  for (const character of text) result += character.toLowerCase();
  return result;
}

function without(text: string, excluded: (character: string) => boolean): string {
  let result = '';
  for (const character of text) if (!excluded(character)) result += character;
  return result;
}

function strip({ strip_left: left, strip_right: right }: Step): Normalize {
  return (text) => {
    const start = left === true ? text.replace(spaceAtStart, '') : text;
    return right === true ? start.replace(spaceAtEnd, '') : start;
  };
}

function replace({ pattern, content }: Step, { splitter }: Context): Normalize {
  const literal = (pattern as Step | undefined)?.['String'];
  if (typeof literal === 'string') return (text) => text.replaceAll(literal, () => String(content));
  const split = splitter(pattern);
  // The pieces alternate between other text and matches; a piece is a match if it is one by itself.
  return (text) =>
    split(text)
      .map((piece) => (split(`\u0000${piece}\u0000`).length === 3 ? String(content) : piece))
      .join('');
}

function bert({
  clean_text: clean,
  handle_chinese_chars: chinese,
  strip_accents: accents,
  lowercase: lower,
}: Step): Normalize {
  const stripped = accents ?? lower;
  const space = new RegExp(whiteSpace, 'gu');
  return (text) => {
    let result = text;
    if (clean !== false) result = without(result, isControl).replace(space, ' ');
    if (chinese !== false) result = result.replace(ideograph, ' $& ');
    if (stripped === true) result = without(unicodeNormalForm(result, 'NFD'), isAccent);
    return lower === true ? lowercase(result) : result;
  };
}
