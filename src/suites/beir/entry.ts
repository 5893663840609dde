import type { PublishedArchive } from '../install.js';

/** A data set of BEIR as published. Null: no source states the value. */
export interface BeirEntry {
  /** BEIR's name, also the name of its archive and folder. */
  readonly name: string;
  readonly title: string;
  /** Other names in use. Names are compared without case, hyphens and underscores. */
  readonly aliases: readonly string[];
  /** The published archive; null if the licence forbids one. */
  readonly archive: Archive | null;
  /** Instructions if there is no archive. */
  readonly howToBring: string | null;
  /** Hugging Face repository of corpus and queries; judgements are in that of the same name plus "-qrels". */
  readonly hub: string | null;
  readonly documents: number | null;
  /** Lines of queries.jsonl, over all splits. */
  readonly queries: number | null;
  readonly splits: Readonly<Record<string, SplitCounts>>;
  /** The split that BEIR reports. */
  readonly defaultSplit: string;
  /** Data sets inside the archive: CQADupStack's forums. */
  readonly parts: readonly PartCounts[];
  /** True if mteb removes the document with the query's id from the ranking (`ignore_identical_ids` of its task). */
  readonly removesIdenticalIds: boolean;
  /** mteb's name of the task; null if mteb has no such task. */
  readonly mtebName: string | null;
  /** True for the 18 data sets of BEIR's average. */
  readonly inAverage: boolean;
  /** From mteb's task metadata; null if that says "not specified" or mteb has no such task. */
  readonly licence: string | null;
  readonly homepage: string;
  readonly citation: string;
}

export interface Archive extends PublishedArchive {
  readonly url: string;
  /** Wrong hashes that published lists give for this archive. */
  readonly wrongMd5: readonly { readonly md5: string; readonly why: string }[];
}

export interface SplitCounts {
  /** Queries with judgements. */
  readonly queries: number | null;
  readonly judgements: number | null;
  /** Other counts of the same judgements in use, and what they leave out. */
  readonly otherCounts?: readonly { readonly judgements: number; readonly why: string }[];
}

export interface PartCounts {
  readonly name: string;
  readonly documents: number;
  readonly queries: number;
  readonly judgements: number;
}
