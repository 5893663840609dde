import { InputError, unknownName } from '../core/errors.js';
import type { Role } from '../core/model.js';
import type { Tokenizer } from './tokenizer.js';

/**
 * How a bi-encoder marks queries and documents, so that it can embed them differently (SGPT's asymmetric models):
 * - `specb`: the brackets `[` `]` around a query and `{` `}` around a document
 * - `speca`: the added tokens `[SOS]` `[EOS]` and `{SOS}` `{EOS}`
 * - `none`: no marks (symmetric models)
 * - `auto`: the one that is part of the model's name (`SGPT-125M-weightedmean-msmarco-specb-bitfit`), else `none`
 */
export const bracketNames = ['auto', 'specb', 'speca', 'none'] as const;
export type Brackets = (typeof bracketNames)[number];

const tokens = {
  specb: { query: ['[', ']'], document: ['{', '}'] },
  speca: { query: ['[SOS]', '[EOS]'], document: ['{SOS}', '{EOS}'] },
} as const;

/** Token ids put before and after a text's own. */
export type BracketIds = Readonly<Record<Role, readonly [open: number, close: number]>>;

/** What `auto` stands for. */
export function resolveBrackets(name: string, modelId: string): Exclude<Brackets, 'auto'> {
  const brackets = bracketNames.find((known) => known === name);
  if (brackets === undefined) throw unknownName('brackets', name, bracketNames);
  if (brackets !== 'auto') return brackets;
  const parts = modelId.toLowerCase().split(/[^a-z0-9]+/);
  return (['specb', 'speca'] as const).find((kind) => parts.includes(kind)) ?? 'none';
}

/**
 * The ids of the marks, or null for `none`.
 * @throws InputError where the vocabulary does not have them
 */
export function bracketIds(
  brackets: Exclude<Brackets, 'auto'>,
  tokenizer: Tokenizer,
  modelId: string,
): BracketIds | null {
  if (brackets === 'none') return null;
  const idOf = (token: string): number => {
    const id = tokenizer.idOf(token);
    if (id !== undefined) return id;
    throw new InputError(
      `${modelId}: its vocabulary has no token "${token}", which brackets "${brackets}" need; use "none"`,
    );
  };
  const { query, document } = tokens[brackets];
  return { query: [idOf(query[0]), idOf(query[1])], document: [idOf(document[0]), idOf(document[1])] };
}
