import type { Settings } from './setting.js';

/** Queries and documents may be marked differently (brackets, prompts). */
export type Role = 'query' | 'document';

/** Row-major float32 matrix: row i is `data.subarray(i * columns, (i + 1) * columns)`. */
export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly data: Float32Array;
}

/** One kind of embedding that a forward pass yields: which hidden state, how it is pooled. */
export interface EmbeddingView {
  /** e.g. `weightedmean`, `mean@6` (layer 6): unique within the encoder. */
  readonly name: string;
  readonly pooling: string;
  /**
   * Index into the hidden states: 0 is the embeddings, `layers` the last; several poolings average over all of them. Null
   * where a server pools.
   */
  readonly layer: number | null;
  readonly dimensions: number;
}

/** What identifies a model in a record: enough to fetch it again and to see that it is the same. */
export interface ModelInfo {
  /** Hub id, the folder's name, or `openai:NAME@HOST` for a hosted model. */
  readonly id: string;
  /** Hub commit, or null for a folder. */
  readonly revision: string | null;
  /** `model_type` of config.json; `unknown` for a hosted model. */
  readonly architecture: string;
  /** Parameters, tied ones once; null for a hosted model that does not tell. */
  readonly parameters: number | null;
  /** SHA-256 of each file the model was read from, by file name. */
  readonly files: Readonly<Record<string, string>>;
  readonly dtype: string;
}

/** Called as work is done, in units of its kind (texts, pairs). */
export type OnProgress = (done: number) => void;

export interface WorkOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called with the number of texts or pairs finished since the last call. */
  readonly onProgress?: OnProgress | undefined;
}

/** What a hosted model was asked for so far, as its server counts it. */
export interface Usage {
  readonly requests: number;
  readonly tokens: number;
  /** In the currency of the price that was given; null without one. */
  readonly price: number | null;
}

/** Turns texts into vectors. Vectors are not normalised; searching by cosine is the runner's work. */
export interface Encoder {
  readonly model: ModelInfo;
  /** All settings that change a vector (brackets, truncation, prompt …), as recorded and hashed. */
  readonly settings: Settings;
  readonly views: readonly EmbeddingView[];
  /**
   * @returns one matrix a view, [texts.length, view.dimensions], rows in the order of `texts`. One forward pass a text,
   * whatever the number of views. A vector does not depend on the texts beside it.
   */
  encode(texts: readonly string[], role: Role, options?: WorkOptions): Promise<readonly Matrix[]>;
  /** Since it was opened; hosted models have it. */
  usage?(): Usage;
  /** Resident memory of its own processes when it was largest; what they share is counted in each. */
  peakBytes?(): number;
  close(): Promise<void>;
}

/** A document and the queries to score with it: pairs are grouped so that the document is read once. */
export interface PairGroup {
  readonly document: string;
  readonly queries: readonly string[];
}

/** Scores how well a query fits a document (SGPT-CE: the query's log-probability after a prompt with the document). */
export interface PairScorer {
  readonly model: ModelInfo;
  readonly settings: Settings;
  /** @returns one array a group, one score a query, in the order given. Higher is better. */
  score(groups: readonly PairGroup[], options?: WorkOptions): Promise<readonly Float32Array[]>;
  /** Since it was opened; hosted models have it. */
  usage?(): Usage;
  /** Resident memory of its own processes when it was largest; what they share is counted in each. */
  peakBytes?(): number;
  close(): Promise<void>;
}
