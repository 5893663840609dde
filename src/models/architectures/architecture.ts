import type { Value } from '../onnx/graph.js';
import type { Modules } from '../onnx/modules.js';
import type { Tokens } from '../onnx/tokens.js';

/** A layer to add to a graph: its number, and what it works on. */
export interface LayerStep {
  readonly modules: Modules;
  readonly tokens: Tokens;
  /** From 0. */
  readonly layer: number;
  /** Its input, [tokens, hiddenSize]. */
  readonly hidden: Value;
  /** The rows of its output that are wanted, null for all. Keys and values are made of every row all the same. */
  readonly rows: Value | null;
}

/** A transformer of one `model_type`, made for one config.json: its sizes, and how its graph is built. */
export interface Architecture {
  readonly layers: number;
  readonly hiddenSize: number;
  /** Size of the last hidden state where a projection follows the last layer (OPT-350m), else `hiddenSize`. */
  readonly outputSize: number;
  readonly vocabularySize: number;
  /** Longest input in tokens, special tokens included, or null where positions have no end. */
  readonly maxTokens: number | null;
  /** What tensor names may begin with, the empty prefix included where a bare encoder is saved without one. */
  readonly prefixes: readonly string[];
  /** How weights are used that are not stored as a graph would want them, one sentence each. */
  readonly notes: readonly string[];
  /** Whether a tensor in the file is no parameter of what is run: a saved buffer, a head tied to the embedding. */
  isNoParameter(tensor: string): boolean;

  /** Hidden state 0, [tokens, hiddenSize]. */
  embed(modules: Modules, tokens: Tokens): Value;
  /** One layer's output, [rows, hiddenSize]. */
  block(step: LayerStep): Value;
  /** What comes after the last layer and belongs to the last hidden state, [rows, outputSize]. */
  finish(modules: Modules, hidden: Value): Value;
  /** The language model's logits [rows, vocabularySize] of finished hidden states; null for an encoder, which has no such head. */
  readonly logits: ((modules: Modules, hidden: Value) => Value) | null;
  /** The checkpoint's own pooler: [texts, outputSize] of each text's first row of the last hidden state; null where it has none. */
  readonly pooler: ((modules: Modules, first: Value) => Value) | null;
}

/** All hidden states as Hugging Face transformers numbers them: the embeddings, each layer's output, the last finished. */
export function hiddenStates(architecture: Architecture, modules: Modules, tokens: Tokens): Value[] {
  const states = [architecture.embed(modules, tokens)];
  for (let layer = 0; layer < architecture.layers; layer++)
    states.push(architecture.block({ modules, tokens, layer, hidden: states[layer]!, rows: null }));
  states[architecture.layers] = architecture.finish(modules, states[architecture.layers]!);
  return states;
}

/** The last hidden state at some rows only; the last layer is worked out for no others. */
export function lastHiddenState(architecture: Architecture, modules: Modules, tokens: Tokens, rows: Value): Value {
  let hidden = architecture.embed(modules, tokens);
  for (let layer = 0; layer < architecture.layers; layer++) {
    const wanted = layer === architecture.layers - 1 ? rows : null;
    hidden = architecture.block({ modules, tokens, layer, hidden, rows: wanted });
  }
  return architecture.finish(modules, hidden);
}
