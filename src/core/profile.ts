import { unknownName } from './errors.js';
import { pythonStrip } from './text.js';
import type { Document } from './dataset.js';

/**
 * What differs between the reference programs, under a name. A record says which profile it was made with; scores of
 * different profiles are not compared without saying so.
 */
export interface Profile {
  readonly name: ProfileName;
  readonly description: string;
  /** SGPT's bi-encoder drops documents with empty text from the corpus, even when they have a title. */
  readonly dropDocumentsWithoutText: boolean;
  /** Remove the document whose id equals the query's: for every task (BEIR), where the task says so (mteb), or never. */
  readonly identicalIds: 'remove' | 'by-task' | 'keep';
  /** Means over the queries that are in run and qrels (BEIR), or over all of the qrels, missing ones 0 (trec_eval -c). */
  readonly average: 'intersection' | 'complete';
  /** Decimal places that means are rounded to (Python's round-half-even), or null for none. */
  readonly decimals: number | null;
  /** Longest bi-encoder input in tokens with brackets; null is the model's own maximum. */
  readonly biEncoderTokens: number | null;
  /** BM25 settings used as the first stage unless others are asked for. */
  readonly bm25: 'elasticsearch' | 'anserini-flat' | 'anserini-multifield';
}

export const profileNames = ['sgpt-paper', 'beir', 'mteb', 'trec_eval'] as const;
export type ProfileName = (typeof profileNames)[number];

const profiles: Readonly<Record<ProfileName, Profile>> = {
  'sgpt-paper': {
    name: 'sgpt-paper',
    description: "Muennighoff/sgpt: BEIR's evaluation, 299 tokens a text, documents without text dropped",
    dropDocumentsWithoutText: true,
    identicalIds: 'remove',
    average: 'intersection',
    decimals: 5,
    biEncoderTokens: 299,
    bm25: 'elasticsearch',
  },
  beir: {
    name: 'beir',
    description: 'beir 2.2: EvaluateRetrieval with its defaults',
    dropDocumentsWithoutText: false,
    identicalIds: 'remove',
    average: 'intersection',
    decimals: 5,
    biEncoderTokens: null,
    bm25: 'elasticsearch',
  },
  mteb: {
    name: 'mteb',
    description: 'mteb: identical ids removed only where the task says so',
    dropDocumentsWithoutText: false,
    identicalIds: 'by-task',
    average: 'intersection',
    decimals: 5,
    biEncoderTokens: null,
    bm25: 'elasticsearch',
  },
  trec_eval: {
    name: 'trec_eval',
    description: 'trec_eval -c: means over every judged query, nothing removed, nothing rounded',
    dropDocumentsWithoutText: false,
    identicalIds: 'keep',
    average: 'complete',
    decimals: null,
    biEncoderTokens: null,
    bm25: 'anserini-flat',
  },
};

/** @throws InputError for a name that is none of {@link profileNames} */
export function profileByName(name: string): Profile {
  const profile = (profiles as Readonly<Record<string, Profile>>)[name];
  if (profile === undefined || !Object.hasOwn(profiles, name)) throw unknownName('profile', name, profileNames);
  return profile;
}

/** A document as one text, as BEIR joins it (`models/util.py`): `(title + " " + text).strip()`. */
export function documentText(document: Document): string {
  return pythonStrip(`${document.title} ${document.text}`);
}
