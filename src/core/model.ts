import type { InputCounts } from './health.js';
import type { Settings } from './setting.js';
import type { Similarity } from './system-fields.js';

/** Kind of a text; queries and documents may be marked differently (brackets, prompts). */
export type Role = 'query' | 'document';

/** Row-major float32 matrix: row i is `data.subarray(i * columns, (i + 1) * columns)`. */
export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly data: Float32Array;
}

/** One kind of embedding: a pooling of a hidden state. One forward pass yields all views of an encoder. */
export interface EmbeddingView {
  /** For example `weightedmean`, `mean@6` (layer 6); unique within the encoder. */
  readonly name: string;
  readonly pooling: string;
  /**
   * Index of the hidden state: 0 is the embeddings, `layers` the last one; several poolings average over all of them. Null
   * if a server does the pooling.
   */
  readonly layer: number | null;
  readonly dimensions: number;
  /** True if the model's own modules scale its vectors to length 1. */
  readonly normalized?: boolean;
}

/** Identity of a model in a record: enough to fetch it again, and to check that it is the same. */
export interface ModelInfo {
  /** Hub id, the folder's name, or `openai:NAME@HOST` for a hosted model. */
  readonly id: string;
  /** Hub commit, or null for a folder. */
  readonly revision: string | null;
  /** `model_type` of config.json; `unknown` for a hosted model. */
  readonly architecture: string;
  /** Number of parameters, tied ones counted once; null for a hosted model that does not publish it. */
  readonly parameters: number | null;
  /** SHA-256 of each file that the model was read from, by file name. */
  readonly files: Readonly<Record<string, string>>;
  readonly dtype: string;
}

/** Called with the amount of work done since the last call, in texts or pairs. */
export type OnProgress = (done: number) => void;

export interface WorkOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called with the number of texts or pairs finished since the last call. */
  readonly onProgress?: OnProgress | undefined;
  /** Called once, with the counts of empty and truncated inputs. */
  readonly onCounts?: ((counts: InputCounts) => void) | undefined;
}

/** Total usage of a hosted model, as its server counts it. */
export interface Usage {
  readonly requests: number;
  readonly tokens: number;
  /** In the currency of the given price; null if no price was given. */
  readonly price: number | null;
}

/** Turns texts into vectors, which are not normalized unless the model's own modules do that. */
export interface Encoder {
  readonly model: ModelInfo;
  /** All settings that change a vector (brackets, truncation, prompt …), for records and keys. */
  readonly settings: Settings;
  readonly views: readonly EmbeddingView[];
  /** The similarity that its publisher declares; null for none, which means cosine. */
  readonly similarity: Similarity | null;
  /**
   * @returns one matrix per view, [texts.length, view.dimensions], rows in the order of `texts`. Each text takes one forward
   * pass for all views. A vector does not depend on the other texts.
   * @throws InputError for a vector with a value that is not finite
   */
  encode(texts: readonly string[], role: Role, options?: WorkOptions): Promise<readonly Matrix[]>;
  /**
   * Joins a document's title and text where its prompt has a place for each; `encode` takes the result as a text. Undefined:
   * title and text are joined by a blank.
   */
  documentText?(title: string, text: string): string;
  /** Usage since opening; only hosted models have it. */
  usage?(): Usage;
  /** Peak resident memory of the model's own processes; memory that they share counts in each. */
  peakBytes?(): number;
  close(): Promise<void>;
}

/** A document and the queries to score with it; grouped so that the document is read once. */
export interface PairGroup {
  readonly document: string;
  readonly queries: readonly string[];
}

/** Scores how well a query fits a document (SGPT-CE: log-probability of the query after a prompt with the document). */
export interface PairScorer {
  readonly model: ModelInfo;
  readonly settings: Settings;
  /**
   * @returns one array per group with one score per query, in the given order. Higher is better.
   * @throws InputError for a score that is not finite
   */
  score(groups: readonly PairGroup[], options?: WorkOptions): Promise<readonly Float32Array[]>;
  /** Usage since opening; only hosted models have it. */
  usage?(): Usage;
  /** Peak resident memory of the model's own processes; memory that they share counts in each. */
  peakBytes?(): number;
  close(): Promise<void>;
}
