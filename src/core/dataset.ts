/** A document of a corpus. `title` is "" where the data set has none (or null, as Robust04). */
export interface Document {
  readonly id: string;
  readonly title: string;
  readonly text: string;
}

/** A query; ids are strings even where the data set writes numbers. */
export interface Query {
  readonly id: string;
  readonly text: string;
}

/** Judgements: query id → document id → grade. Maps keep insertion order, which plain objects lose for numeric ids. */
export type Qrels = ReadonlyMap<string, ReadonlyMap<string, number>>;

/** A corpus on disk, read as a stream: it may be far larger than memory. */
export interface Corpus {
  /** Number of documents. */
  readonly size: number;
  /** Every document in the order of the file; each call reads from the start. */
  documents(): AsyncIterable<Document>;
  /** The documents of these ids, in the order asked for. An id that does not exist is an InputError. */
  fetch(ids: readonly string[]): Promise<Document[]>;
  /** Releases file handles. */
  close(): Promise<void>;
}

/** What every kind of task has. */
export interface TaskBase {
  /** The catalogue's name (`beir/nfcorpus`, `demo/computing`, `useb/askubuntu`) or, for a folder, the folder's name. */
  readonly name: string;
  /** The split whose judgements are used: test, dev or train. */
  readonly split: string;
  /** Whether the texts compared are of one kind (USEB's): then none are marked as queries or documents by default. */
  readonly symmetric: boolean;
  /** What the data is, and what is odd about it. */
  readonly facts: TaskFacts;
  /** The number of queries that are run, where it is not all (`--limit-queries`); null for all. */
  readonly queryLimit: number | null;
}

/** A retrieval task: what to search, what to ask, and what counts as found. */
export interface RetrievalTask extends TaskBase {
  readonly kind: 'retrieval';
  readonly corpus: Corpus;
  /** The queries that have judgements in the split, in the order of the query file. */
  readonly queries: readonly Query[];
  readonly qrels: Qrels;
  /** Whether documents with a query's id are no answers to it here (ArguAna, Quora): used by profiles that ask the task. */
  readonly removesIdenticalIds: boolean;
  /** The measure this task is judged by, where its description names one. */
  readonly mainMeasure?: string;
  /** Prompts for cross-encoders (letters or templates), where its description names any. */
  readonly prompts?: readonly string[];
}

/** Checked properties of the data behind a task, recorded with every result. */
export interface TaskFacts {
  /** SHA-256 over the bytes of corpus, queries and judgements: results are comparable only where it is equal. */
  readonly checksum: string;
  readonly documents: number;
  readonly queries: number;
  readonly judgements: number;
  /** Judgements whose document is not in the corpus (ArguAna has such); they still count in the ideal ranking. */
  readonly judgementsOfUnknownDocuments: number;
  /** Judged queries that the query file does not have; they are not searched. */
  readonly judgedQueriesWithoutText: number;
}
