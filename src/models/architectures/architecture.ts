import type { AttentionMask } from '../onnx/attention.js';
import type { Value } from '../onnx/graph.js';
import type { Modules } from '../onnx/modules.js';

/** A transformer of one `model_type`, made for one config.json: its sizes, and how its graph is built. */
export interface Architecture {
  readonly layers: number;
  readonly hiddenSize: number;
  readonly vocabularySize: number;
  /** Longest input in tokens, or null where positions have no end. */
  readonly maxTokens: number | null;
  /** What tensor names may begin with, the empty prefix included where a bare encoder is saved without one. */
  readonly prefixes: readonly string[];
  /** Whether a tensor in the file is no parameter: a saved buffer, a head tied to the embedding. */
  isNoParameter(tensor: string): boolean;

  /** Hidden state 0 [tokens, hiddenSize] of int32 ids and positions [tokens]. */
  embed(modules: Modules, ids: Value, positions: Value): Value;
  /**
   * One layer.
   * @param rows the rows of the result that are wanted, null for all: keys and values are made of every row
   */
  block(modules: Modules, layer: number, hidden: Value, mask: AttentionMask, rows: Value | null): Value;
  /** What comes after the last layer and belongs to the last hidden state. */
  finish(modules: Modules, hidden: Value): Value;
  /** The language model's logits [rows, vocabularySize] of finished hidden states [rows, hiddenSize]. */
  logits(modules: Modules, hidden: Value): Value;
}

/** All hidden states as Hugging Face transformers numbers them: the embeddings, each layer's output, the last finished. */
export function hiddenStates(
  architecture: Architecture,
  modules: Modules,
  ids: Value,
  positions: Value,
  mask: AttentionMask,
): Value[] {
  const states = [architecture.embed(modules, ids, positions)];
  for (let layer = 0; layer < architecture.layers; layer++)
    states.push(architecture.block(modules, layer, states[layer]!, mask, null));
  states[architecture.layers] = architecture.finish(modules, states[architecture.layers]!);
  return states;
}

/** The last hidden state at some rows only; the last layer is worked out for no others. */
export function lastHiddenState(
  architecture: Architecture,
  modules: Modules,
  ids: Value,
  positions: Value,
  mask: AttentionMask,
  rows: Value,
): Value {
  let hidden = architecture.embed(modules, ids, positions);
  for (let layer = 0; layer < architecture.layers; layer++)
    hidden = architecture.block(modules, layer, hidden, mask, layer === architecture.layers - 1 ? rows : null);
  return architecture.finish(modules, hidden);
}
