import type { Value } from '../onnx/graph.js';
import type { Modules } from '../onnx/modules.js';
import type { Tokens } from '../onnx/tokens.js';

/** One layer to add to a graph: its number and its inputs. */
export interface LayerStep {
  readonly modules: Modules;
  readonly tokens: Tokens;
  /** Number of the layer, from 0. */
  readonly layer: number;
  /** Input of the layer, [tokens, hiddenSize]. */
  readonly hidden: Value;
  /** Indices of the rows to compute, null for all. Keys and values are computed for every row regardless. */
  readonly rows: Value | null;
}

/** A transformer as described by one config.json: its sizes, and functions that build its graph. */
export interface Architecture {
  readonly layers: number;
  readonly hiddenSize: number;
  /** Size of the last hidden state: `hiddenSize`, unless a projection follows the last layer (OPT-350m). */
  readonly outputSize: number;
  readonly vocabularySize: number;
  /** Longest input in tokens, special tokens included; null if positions are unlimited. */
  readonly maxTokens: number | null;
  /**
   * Number of tokens up to which a token's hidden state depends on what it sees only; for longer texts it depends on the
   * text's length too (LongRoPE, dynamic NTK scaling), so that texts cannot share a prefix. null if it never does.
   */
  readonly sameUpTo?: number | null;
  /** False if the tokenizer's special tokens are not put around texts (static embeddings). Default: true. */
  readonly specialTokens?: boolean;
  /** Possible prefixes of tensor names; includes "" if a bare encoder is saved without a prefix. */
  readonly prefixes: readonly string[];
  /** Notes for `models inspect` about weights with an unusual layout, one sentence each. */
  readonly notes: readonly string[];
  /** Returns true if a tensor in the file is a parameter; false for a saved buffer, or a head tied to the embedding. */
  isParameter(tensor: string): boolean;

  /** Returns hidden state 0, [tokens, hiddenSize]. */
  embed(modules: Modules, tokens: Tokens): Value;
  /** Returns one layer's output, [rows, hiddenSize]. */
  block(step: LayerStep): Value;
  /** Applies what follows the last layer, such as a norm, and returns the last hidden state [rows, outputSize]. */
  finish(modules: Modules, hidden: Value): Value;
  /** Returns the language model's logits [rows, vocabularySize] for the last hidden state; null for an encoder. */
  readonly logits: ((modules: Modules, hidden: Value) => Value) | null;
  /**
   * The checkpoint's own pooler: [texts, outputSize] from each text's first row of the last hidden state; null if none.
   */
  readonly pooler: ((modules: Modules, first: Value) => Value) | null;
}

/**
 * All hidden states, numbered as in Hugging Face transformers: the embeddings, then each layer's output; the last one
 * after `finish`.
 */
export function hiddenStates(architecture: Architecture, modules: Modules, tokens: Tokens): Value[] {
  const states = [architecture.embed(modules, tokens)];
  for (let layer = 0; layer < architecture.layers; layer++)
    states.push(architecture.block({ modules, tokens, layer, hidden: states[layer]!, rows: null }));
  states[architecture.layers] = architecture.finish(modules, states[architecture.layers]!);
  return states;
}

/** The last hidden state of some rows; the last layer is computed for these rows only. */
export function lastHiddenState(architecture: Architecture, modules: Modules, tokens: Tokens, rows: Value): Value {
  let hidden = architecture.embed(modules, tokens);
  for (let layer = 0; layer < architecture.layers; layer++) {
    const layerRows = layer === architecture.layers - 1 ? rows : null;
    hidden = architecture.block({ modules, tokens, layer, hidden, rows: layerRows });
  }
  return architecture.finish(modules, hidden);
}
