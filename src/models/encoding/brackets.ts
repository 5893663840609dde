import { InputError, nearest } from '../../core/errors.js';
import type { Role } from '../../core/model.js';
import { modelCatalogue } from '../hub/catalogue.js';
import type { Tokenizer } from '../checkpoint/tokenizer.js';

/** Names of brackets; any others are given by their tokens. */
export const bracketNames = ['auto', 'specb', 'speca', 'none'] as const;

/**
 * Tokens around a text that tell a bi-encoder whether it is a query or a document (SGPT's asymmetric models):
 * - `specb`: the brackets `[` `]` around a query and `{` `}` around a document
 * - `speca`: the added tokens `[SOS]` `[EOS]` and `{SOS}` `{EOS}`
 * - `none`: no brackets (symmetric models)
 * - `auto`: the brackets that catalogue.ts has for the model; otherwise those in the model's name
 *   (`SGPT-125M-weightedmean-msmarco-specb-bitfit`); otherwise `none`
 * - four tokens of the vocabulary separated by commas, around a query and around a document: `<q>,</q>,<d>,</d>`
 */
export type Brackets = string;

const bracketTokens: Readonly<Record<string, Readonly<Record<Role, readonly [string, string]>>>> = {
  specb: { query: ['[', ']'], document: ['{', '}'] },
  speca: { query: ['[SOS]', '[EOS]'], document: ['{SOS}', '{EOS}'] },
};

/** Ids of the tokens before and after a text. */
export type BracketIds = Readonly<Record<Role, readonly [open: number, close: number]>>;

/**
 * Resolves `auto`; other brackets are returned unchanged.
 * @param names names of the model: its id first, then the one in its configuration (`_name_or_path`)
 * @throws InputError for brackets that are neither a name nor four tokens
 */
export function resolveBrackets(brackets: Brackets, ...names: readonly string[]): Brackets {
  if (brackets === 'auto') {
    const known = modelCatalogue.find(({ id }) => id === names[0] || id.split('/').at(-1) === names[0]);
    if (known?.brackets != null) return known.brackets;
    const parts = names.flatMap((name) => name.toLowerCase().split(/[^a-z0-9]+/));
    return ['specb', 'speca'].find((kind) => parts.includes(kind)) ?? 'none';
  }
  if (bracketNames.some((name) => name === brackets) || tokensOf(brackets) !== null) return brackets;
  const near = nearest(brackets, bracketNames);
  const hint = near === undefined ? ';' : `, did you mean "${near}"?`;
  throw new InputError(
    `unknown brackets "${brackets}"${hint} known: ${bracketNames.join(', ')}; or four tokens separated by commas, like "[,],{,}"`,
  );
}

/**
 * Ids of the brackets' tokens, or null for `none`.
 * @param brackets as returned by {@link resolveBrackets}
 * @throws InputError if the vocabulary does not have them
 */
export function bracketIds(brackets: Brackets, tokenizer: Tokenizer, modelId: string): BracketIds | null {
  const tokens = tokensOf(brackets);
  if (tokens === null) return null;
  const idOf = (token: string): number => {
    const id = tokenizer.idOf(token);
    if (id !== undefined) return id;
    throw new InputError(
      `${modelId}: its vocabulary has no token "${token}", which brackets "${brackets}" need; use "none"`,
    );
  };
  const { query, document } = tokens;
  return { query: [idOf(query[0]), idOf(query[1])], document: [idOf(document[0]), idOf(document[1])] };
}

function tokensOf(brackets: Brackets): Readonly<Record<Role, readonly [string, string]>> | null {
  if (Object.hasOwn(bracketTokens, brackets)) return bracketTokens[brackets]!;
  const [a, b, c, d, ...more] = brackets.split(',');
  return a && b && c && d && more.length === 0 ? { query: [a, b], document: [c, d] } : null;
}
