import { capped } from '../onnx/attention.js';
import type { Modules, Norm } from '../onnx/modules.js';
import type { Architecture } from './architecture.js';

/** Description of a decoder, except for its layers. Tensor names are given without the prefix that the file adds. */
export interface Decoder {
  readonly layers: number;
  /** The hidden size. */
  readonly size: number;
  /** Size of the last hidden state. Default: `size`. */
  readonly outputSize?: number;
  readonly vocabularySize: number;
  readonly maxTokens: number | null;
  /** See {@link Architecture}. Default: null. */
  readonly sameUpTo?: number | null;
  /** See {@link Architecture}. */
  readonly prefixes: readonly string[];
  readonly notes?: readonly string[];
  /** Names of saved tensors that are not parameters, because they are computed here: causal masks, tables of angles. */
  readonly buffers?: RegExp;
  /** Name of the table of word embeddings. */
  readonly wordEmbeddings: string;
  /** Name of the table of learned positions, which has `maxTokens` rows; absent if positions are not embedded. */
  readonly positionEmbeddings?: string;
  /** Factor on the word embeddings (Gemma). Default: 1. */
  readonly embeddingScale?: number;
  /** Norm after the last layer. */
  readonly finalNorm: Norm;
  readonly head: LanguageModelHead;
}

export interface LanguageModelHead {
  /** True if it uses the weights of the word embeddings instead of its own. */
  readonly tied: boolean;
  /** Possible names of its own weights; the first one found in the checkpoint is used. Default: `lm_head`. */
  readonly names?: readonly [string, ...string[]];
  /** Name of its bias, if it has one. */
  readonly bias?: string;
  /** c of c · tanh(logits / c) (Gemma 2); null, the default, for none. */
  readonly softCap?: number | null;
}

/**
 * The members of an {@link Architecture} that decoders share. An architecture spreads this, adds its `block`
 * (decoder-layers.ts) and replaces the members that differ.
 */
export function decoderParts(decoder: Decoder): Omit<Architecture, 'block'> {
  const { layers, size, outputSize = size, vocabularySize, maxTokens, sameUpTo = null } = decoder;
  const { prefixes, notes = [], buffers } = decoder;
  const { tied, names = ['lm_head'], bias = false, softCap = null } = decoder.head;
  return {
    ...{ layers, hiddenSize: size, outputSize, vocabularySize, maxTokens, sameUpTo, prefixes, notes },
    isParameter: (tensor) =>
      buffers?.test(tensor) !== true && !(tied && names.some((name) => tensor === `${name}.weight`)),
    embed(modules, { ids, positions }) {
      const looked = modules.embedding(decoder.wordEmbeddings, ids, vocabularySize, size);
      const scale = decoder.embeddingScale ?? 1;
      const words = scale === 1 ? looked : modules.graph.op('Mul', [looked, modules.graph.scalar(scale)]);
      if (decoder.positionEmbeddings === undefined) return words;
      if (maxTokens === null) throw new Error('position embeddings need maxTokens');
      return modules.add(words, modules.embedding(decoder.positionEmbeddings, positions, maxTokens, size));
    },
    finish: (modules, hidden) => modules.norm(hidden, decoder.finalNorm),
    logits(modules, hidden) {
      const name = tied ? decoder.wordEmbeddings : existingName(modules, names);
      const logits = modules.linear(hidden, { name, inputs: outputSize, outputs: vocabularySize, bias });
      return softCap === null ? logits : capped(modules.graph, logits, softCap);
    },
    pooler: null,
  };
}

/** The first of these names that the checkpoint has weights for. */
function existingName({ weights }: Modules, [first, ...others]: readonly [string, ...string[]]): string {
  const weight = weights.firstOf(`${first}.weight`, ...others.map((name) => `${name}.weight`));
  return weight.slice(0, -'.weight'.length);
}
