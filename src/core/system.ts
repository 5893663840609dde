import type { ModelInfo } from './model.js';
import type { Settings } from './setting.js';

/** Identity of a system: enough to tell two systems apart, and to repeat the run. */
export interface SystemInfo {
  /** Short and readable, unique within a report: `BE sgpt-1m weightedmean`, `BM25 anserini-flat`. */
  readonly name: string;
  /** The runner: bm25, bi-encoder, cross-encoder, oracle … */
  readonly runner: string;
  /** Systems of one family form one line of the plot over model sizes: `BE weightedmean`. */
  readonly family: string;
  readonly model: ModelInfo | null;
  readonly settings: Settings;
}

export interface Cost {
  readonly seconds: Readonly<Record<string, number>>;
  readonly texts?: number;
  readonly pairs?: number;
  /** Peak resident memory of this process plus the model's own processes. */
  readonly memoryMiB?: number;
  /** Size of a document's vector as it is searched. */
  readonly vectorBytes?: number;
  /** Hosted models only: requests, tokens as the server counts them, and their price. */
  readonly requests?: number;
  readonly tokens?: number;
  readonly price?: number;
}
