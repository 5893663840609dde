import type { PublishedArchive } from '../install.js';

/** A data set of BEIR as it is published. A null is something no source states. */
export interface BeirEntry {
  /** BEIR's name, which is also that of its archive and folder. */
  readonly name: string;
  readonly title: string;
  /** Other names people use. Case, hyphens and underscores never matter. */
  readonly aliases: readonly string[];
  /** The published archive, or null where the licence forbids one. */
  readonly archive: Archive | null;
  /** What to do where there is no archive. */
  readonly howToBring: string | null;
  /** Repository of the corpus and queries on the Hugging Face hub; judgements are in the one with "-qrels" behind. */
  readonly hub: string | null;
  readonly documents: number | null;
  /** Lines of queries.jsonl, over all splits. */
  readonly queries: number | null;
  readonly splits: Readonly<Record<string, SplitCounts>>;
  /** The split that BEIR reports. */
  readonly defaultSplit: string;
  /** Data sets of their own inside the archive: CQADupStack's forums. */
  readonly parts: readonly PartCounts[];
  /** Whether mteb takes the document with the query's id out of the ranking (`ignore_identical_ids` of its task). */
  readonly removesIdenticalIds: boolean;
  /** mteb's name of the task; null where mteb has none. */
  readonly mtebName: string | null;
  /** Whether it is one of the 18 sets behind BEIR's average. */
  readonly inAverage: boolean;
  /** As mteb's task metadata gives it; null where that says "not specified" or has no such task. */
  readonly licence: string | null;
  readonly homepage: string;
  readonly citation: string;
}

export interface Archive extends PublishedArchive {
  readonly url: string;
  /** Hashes that published lists give for this archive by mistake. */
  readonly wrongMd5: readonly { readonly md5: string; readonly why: string }[];
}

export interface SplitCounts {
  /** Queries with judgements. */
  readonly queries: number | null;
  readonly judgements: number | null;
  /** Other counts of the same judgements that are in use, and what they leave out. */
  readonly otherCounts?: readonly { readonly judgements: number; readonly why: string }[];
}

export interface PartCounts {
  readonly name: string;
  readonly documents: number;
  readonly queries: number;
  readonly judgements: number;
}
