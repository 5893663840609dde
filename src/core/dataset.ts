/** A document of a corpus. `title` is "" if the data set has none (or null, as in Robust04). */
export interface Document {
  readonly id: string;
  readonly title: string;
  readonly text: string;
}

/** A query. Ids are strings, also if the data set writes numbers. */
export interface Query {
  readonly id: string;
  readonly text: string;
}

/** Judgements: query id → document id → grade. Maps keep insertion order, which plain objects lose for numeric ids. */
export type Qrels = ReadonlyMap<string, ReadonlyMap<string, number>>;

/** A corpus on disk, read as a stream, as it may be far larger than memory. */
export interface Corpus {
  /** Number of documents. */
  readonly size: number;
  /** All documents in the order of the file; each call reads from the start. */
  documents(): AsyncIterable<Document>;
  /** The documents with these ids, in the order of the ids. @throws InputError for an id that does not exist */
  fetch(ids: readonly string[]): Promise<Document[]>;
  /** Releases file handles. */
  close(): Promise<void>;
}

/** Properties of tasks of every kind. */
export interface TaskBase {
  /** The task's name (`beir/nfcorpus`, `demo/computing`, `useb/askubuntu`); for a folder, the folder's name. */
  readonly name: string;
  /** The split whose judgements are used: test, dev or train. */
  readonly split: string;
  /** True if all texts are of one kind (USEB): then none is marked as a query or a document by default. */
  readonly symmetric: boolean;
  /** Facts about the data. */
  readonly facts: TaskFacts;
  /** The number of queries to run, if limited (`--limit-queries`); null for all. */
  readonly queryLimit: number | null;
}

/** A retrieval task: a corpus to search, queries, and judgements. */
export interface RetrievalTask extends TaskBase {
  readonly kind: 'retrieval';
  readonly corpus: Corpus;
  /** The queries that have judgements in the split, in the order of the query file. */
  readonly queries: readonly Query[];
  readonly qrels: Qrels;
  /** Profiles with `by-task` remove documents whose id equals the query's if this is true (ArguAna, Quora). */
  readonly removesIdenticalIds: boolean;
  /** The measure that the task is judged by, if its description names one. */
  readonly mainMeasure?: string;
  /** Prompts for cross-encoders (letters or templates), if its description names any. */
  readonly prompts?: readonly string[];
  /** Instruction for models that take one, if its description has any. */
  readonly instruction?: string;
}

/** Checked properties of a task's data, recorded with every result. */
export interface TaskFacts {
  /** SHA-256 over the bytes of corpus, queries and judgements; only results with equal checksums are comparable. */
  readonly checksum: string;
  readonly documents: number;
  readonly queries: number;
  readonly judgements: number;
  /** Judgements whose document is not in the corpus (ArguAna has some); they still count in the ideal ranking. */
  readonly judgementsOfUnknownDocuments: number;
  /** Judged queries that are missing in the query file; they are not searched. */
  readonly judgedQueriesWithoutText: number;
}
