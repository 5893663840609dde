import { unknownName } from './errors.js';
import { pythonStrip } from './text.js';
import type { Document } from './dataset.js';

/**
 * The conventions of a reference program. Every record names its profile; scores of different profiles are compared only
 * with a remark.
 */
export interface Profile {
  readonly name: ProfileName;
  readonly description: string;
  /** True: documents with empty text are left out of the corpus, even if they have a title (SGPT's bi-encoder). */
  readonly dropDocumentsWithoutText: boolean;
  /**
   * True: between brackets, a bi-encoder reads a blank before a text, and an untitled document begins with one; SGPT's class
   * strips `"{SOS}" + title + " " + text` as a whole (`sentence_bert_asym.py`). False: texts are stripped.
   */
  readonly keepLeadingBlank: boolean;
  /** Removal of the document whose id equals the query's: on every task (BEIR), on tasks that ask for it (mteb), or never. */
  readonly identicalIds: 'remove' | 'by-task' | 'keep';
  /** Means over the queries in both run and qrels (BEIR), or over all in the qrels, with 0 for missing ones (trec_eval -c). */
  readonly average: 'intersection' | 'complete';
  /** Decimals to which means are rounded (half to even, as Python does); null for no rounding. */
  readonly decimals: number | null;
  /** Maximum length of a bi-encoder's input in tokens, brackets included; null for the model's own maximum. */
  readonly biEncoderTokens: number | null;
  /** Default BM25 settings of the first stage. */
  readonly bm25: 'elasticsearch' | 'anserini-flat' | 'anserini-multifield';
}

export const profileNames = ['sgpt-paper', 'beir', 'mteb', 'trec_eval'] as const;
export type ProfileName = (typeof profileNames)[number];

/** What `--profile` takes: a name, or `auto` for the profile that fits each system. */
export const profileChoices = ['auto', ...profileNames] as const;
export type ProfileChoice = (typeof profileChoices)[number];

const profiles: Readonly<Record<ProfileName, Profile>> = {
  'sgpt-paper': {
    name: 'sgpt-paper',
    description: "Muennighoff/sgpt: BEIR's evaluation, 299 tokens per text, documents without text dropped",
    dropDocumentsWithoutText: true,
    keepLeadingBlank: true,
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
    keepLeadingBlank: false,
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
    keepLeadingBlank: false,
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
    keepLeadingBlank: false,
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
