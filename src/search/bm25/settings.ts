import { unknownName } from '../../core/errors.js';
import type { Document } from '../../core/dataset.js';

/** A field of the index: `contents` is title and text in one. */
export type Bm25Field = 'title' | 'text' | 'contents';

/** BM25 as configured in a search engine. All of them analyse English in the same way (english.ts). */
export interface Bm25Settings {
  readonly name: Bm25Name;
  readonly k1: number;
  readonly b: number;
  readonly fields: readonly Bm25Field[];
  /** A document's score from those of its fields: their sum, or the best plus `tieBreaker` times the others. */
  readonly combine: 'sum' | { readonly tieBreaker: number };
  /** Scores are multiplied by k1 + 1, as in the original formula; this changes no ranking. */
  readonly legacyFactor: boolean;
  /**
   * Order of equal scores. `trec_eval`: by id descending, as evaluation reads any run. `anserini`: by id ascending, and scores
   * are lowered a little so that evaluation keeps this order (adjustTies).
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

/** @throws InputError for a name that is not one of {@link bm25Names} */
export function bm25Settings(name: string): Bm25Settings {
  const found = bm25Names.find((known) => known === name);
  if (found === undefined) throw unknownName('BM25 settings', name, bm25Names);
  return settings[found];
}

/** The text of a document's field. */
export function fieldText(document: Document, field: Bm25Field): string {
  return field === 'contents' ? `${document.title} ${document.text}` : document[field];
}
