import type { Modules, Norm } from '../onnx/modules.js';
import type { Architecture } from './architecture.js';

/** What a decoder is but for its layers. Names are without the prefix that they have in the file. */
export interface Decoder {
  readonly layers: number;
  /** The hidden size. */
  readonly size: number;
  /** Size of the last hidden state. Default: `size`. */
  readonly outputSize?: number;
  readonly vocabularySize: number;
  readonly maxTokens: number | null;
  /** As in {@link Architecture}. */
  readonly prefixes: readonly string[];
  readonly notes?: readonly string[];
  /** Saved tensors that are computed here and are no parameters: causal masks, tables of angles. */
  readonly buffers?: RegExp;
  /** The table of word embeddings. */
  readonly words: string;
  /** The table of learned positions, with `maxTokens` rows; none where positions come in elsewhere. */
  readonly positions?: string;
  /** Follows the last layer. */
  readonly finalNorm: Norm;
  readonly head: LanguageModelHead;
}

export interface LanguageModelHead {
  /** Whether it has no weights of its own, but those of the word embeddings. */
  readonly tied: boolean;
  /** What its own weights may be called; the first that is there is used. Default: `lm_head`. */
  readonly names?: readonly [string, ...string[]];
  /** The name of its bias, for one that has a bias. */
  readonly bias?: string;
}

/**
 * What decoders have in common. A family spreads this, adds its `block` (decoder-layers.ts) and replaces what it does
 * otherwise.
 */
export function decoderParts(decoder: Decoder): Omit<Architecture, 'block'> {
  const { layers, size, outputSize = size, vocabularySize, maxTokens, prefixes, notes = [], buffers } = decoder;
  const { tied, names = ['lm_head'], bias = false } = decoder.head;
  return {
    ...{ layers, hiddenSize: size, outputSize, vocabularySize, maxTokens, prefixes, notes },
    isNoParameter: (tensor) =>
      buffers?.test(tensor) === true || (tied && names.some((name) => tensor === `${name}.weight`)),
    embed(modules, { ids, positions }) {
      const words = modules.embedding(decoder.words, ids, vocabularySize, size);
      if (decoder.positions === undefined) return words;
      if (maxTokens === null) throw new Error('a table of positions has an end');
      return modules.add(words, modules.embedding(decoder.positions, positions, maxTokens, size));
    },
    finish: (modules, hidden) => modules.norm(hidden, decoder.finalNorm),
    logits: (modules, hidden) =>
      modules.linear(hidden, {
        name: tied ? decoder.words : own(modules, names),
        inputs: outputSize,
        outputs: vocabularySize,
        bias,
      }),
    pooler: null,
  };
}

/** The one of these names that the checkpoint has weights under. */
function own({ weights }: Modules, [first, ...others]: readonly [string, ...string[]]): string {
  const weight = weights.firstOf(`${first}.weight`, ...others.map((name) => `${name}.weight`));
  return weight.slice(0, -'.weight'.length);
}
