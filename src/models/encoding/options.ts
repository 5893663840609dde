import type { Progress } from '../../core/progress.js';
import type { ComputeOptions } from '../loading/start-model.js';
import type { Brackets } from './brackets.js';

export interface BiEncoderOptions extends ComputeOptions {
  /** A model folder in the Hugging Face layout, or a hub id: `organisation/name`, `organisation/name@revision`. */
  readonly model: string;
  /**
   * Names of poolings (pooling-table.ts), `all` for all that the model supports, `own` for the modules in its
   * modules.json (sentence-transformers.ts). All are computed in one forward pass. Default: `own` if the model has a
   * modules.json, otherwise `weightedmean`.
   */
  readonly poolings?: readonly string[] | undefined;
  /** Hidden states to pool: 0 for the embeddings, the number of layers or -1 for the last (default), `all` for all. */
  readonly layers?: readonly (number | 'all')[] | undefined;
  /** Brackets around queries and documents (see brackets.ts). Default: `auto`, by the model's name. */
  readonly brackets?: Brackets | undefined;
  /** Prompt to embed texts within (see embed-prompts.ts), by default with `lasttoken` pooling. Excludes brackets. */
  readonly embedPrompt?: string | undefined;
  /**
   * Longest input in tokens, brackets included; null for the model's own limit (sentence_bert_config.json). The number
   * of the model's positions is never exceeded.
   */
  readonly maxTokens: number | null;
  /** Reports downloads, and notes settings of the runtime that are not the default. */
  readonly progress?: Progress | undefined;
}
