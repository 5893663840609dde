import type { ModelInfo } from './model.js';
import type { Settings } from './setting.js';

/** What produced a run: enough to tell two systems apart, and to make the run again. */
export interface SystemInfo {
  /** Short and readable, unique within a report: `SGPT-BE sgpt-1m weightedmean`, `BM25`. */
  readonly name: string;
  /** The runner: bm25, bi-encoder, cross-encoder, oracle … */
  readonly runner: string;
  /** Systems of one family form one line of the plot across model sizes: `SGPT-BE weightedmean`. */
  readonly family: string;
  readonly model: ModelInfo | null;
  readonly settings: Settings;
}

export interface Cost {
  readonly seconds: Readonly<Record<string, number>>;
  readonly texts?: number;
  readonly pairs?: number;
  /** Resident memory of this process and the model's own when it was largest. */
  readonly memoryMiB?: number;
  /** Of hosted models: requests, tokens as the server counts them, and what they cost at the price given. */
  readonly requests?: number;
  readonly tokens?: number;
  readonly price?: number;
}
