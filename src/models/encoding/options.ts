import type { Progress } from '../../core/progress.js';
import type { ComputeOptions } from '../loading/start-model.js';
import type { Brackets } from './brackets.js';

export interface BiEncoderOptions extends ComputeOptions {
  /** A model folder in the Hugging Face layout, or a hub id: `organisation/name`, `organisation/name@revision`. */
  readonly model: string;
  /**
   * Names of poolings (pooling-table.ts), `all` for every one the model has, `own` for what its modules.json says
   * (sentence-transformers.ts); all come out of the same forward pass. Default: `own` where there is one, else
   * `weightedmean`.
   */
  readonly poolings?: readonly string[] | undefined;
  /** Hidden states to pool: 0 the embeddings … the number of layers; -1 is the last, `all` every one. Default: the last. */
  readonly layers?: readonly (number | 'all')[] | undefined;
  /** How queries and documents are marked (see brackets.ts). Default: `auto`, by the model's name. */
  readonly brackets?: Brackets | undefined;
  /** Embeds texts within a prompt (see embed-prompts.ts), by default with `lasttoken` pooling: PromptEOL. Without brackets. */
  readonly embedPrompt?: string | undefined;
  /**
   * Longest input in tokens, brackets included; null for what the model says (sentence_bert_config.json). The model's
   * positions are never exceeded.
   */
  readonly maxTokens: number | null;
  /** Reports downloads, and notes how the model is run where that is not the default. */
  readonly progress?: Progress | undefined;
}
