import type { Attention } from '../../core/system-fields.js';
import type { Int8Weights } from '../quantization/int8-weights.js';

/** Options of a graph that runs a whole model. */
export interface GraphOptions {
  /** Linear layers in eight bits, with these weights; null, the default, for float32. */
  readonly int8?: Int8Weights | null;
  /** True for a graph that takes several texts, or packs, per run. Default: false. */
  readonly batched?: boolean;
  /** True if the tokens of prompts are not pooled: the graph then has the input `starts`. Default: false. */
  readonly skipsPrompt?: boolean;
  /** Attention for an experiment, instead of the model's own. Default: null, the model's own. */
  readonly attention?: Attention | null;
}
