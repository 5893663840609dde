import { unknownName } from '../../core/errors.js';
import type { Document } from '../../core/dataset.js';

/** A field of the index: `contents` is title and text in one. */
export type Bm25Field = 'title' | 'text' | 'contents';

/** BM25 as a search engine sets it up. All of them analyse English alike (english.ts). */
export interface Bm25Settings {
  readonly name: Bm25Name;
  readonly k1: number;
  readonly b: number;
  readonly fields: readonly Bm25Field[];
  /** How a document's fields make one score: their sum, or the best plus `tieBreaker` times the others. */
  readonly combine: 'sum' | { readonly tieBreaker: number };
  /** Whether scores carry the factor k1 + 1 of the original formula, which changes no ranking. */
  readonly legacyFactor: boolean;
  /**
   * How equal scores are ordered. `trec_eval`: by id descending, as the evaluation reads any run. `anserini`: by id
   * ascending, and scores are lowered a little so that the evaluation keeps this order (adjustTies).
   */
  readonly ties: 'trec_eval' | 'anserini';
}

export const bm25Names = ['elasticsearch', 'anserini-flat', 'anserini-multifield'] as const;
export type Bm25Name = (typeof bm25Names)[number];

const settings: Readonly<Record<Bm25Name, Bm25Settings>> = {
  // BEIR's: multi_match of type best_fields in Elasticsearch 7.0, whose LegacyBM25Similarity keeps the factor.
  elasticsearch: {
    name: 'elasticsearch',
    k1: 1.2,
    b: 0.75,
    fields: ['title', 'text'],
    combine: { tieBreaker: 0.5 },
    legacyFactor: true,
    ties: 'trec_eval',
  },
  'anserini-flat': {
    name: 'anserini-flat',
    k1: 0.9,
    b: 0.4,
    fields: ['contents'],
    combine: 'sum',
    legacyFactor: false,
    ties: 'anserini',
  },
  'anserini-multifield': {
    name: 'anserini-multifield',
    k1: 0.9,
    b: 0.4,
    fields: ['title', 'text'],
    combine: 'sum',
    legacyFactor: false,
    ties: 'anserini',
  },
};

/** @throws InputError for a name that is none of {@link bm25Names} */
export function bm25Settings(name: string): Bm25Settings {
  const found = bm25Names.find((known) => known === name);
  if (found === undefined) throw unknownName('BM25 settings', name, bm25Names);
  return settings[found];
}

/** What a field of a document holds. */
export function fieldText(document: Document, field: Bm25Field): string {
  return field === 'contents' ? `${document.title} ${document.text}` : document[field];
}
