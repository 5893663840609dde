import type { Value } from '../onnx/graph.js';
import type { Modules, Norm } from '../onnx/modules.js';
import type { Rotary } from '../onnx/rotary.js';
import type { Tokens } from '../onnx/tokens.js';
import type { Architecture } from './architecture.js';
import { attentionScale, type ModelFiles } from './config.js';
import type { Projection, Projections } from './decoder-attention.js';
import { postNormLayer, type FeedForward, type FeedForwardProducts } from './decoder-layers.js';
import { encoderParts } from './encoder.js';
import { maxTokensOf } from './rope.js';

/** Names of a layer's parts. */
export interface RotaryLayerNames {
  readonly attention: Projections;
  readonly attentionOutput: Projection;
  readonly attentionNorm: string;
  readonly feedForward: FeedForwardProducts;
  readonly feedForwardNorm: string;
}

/** Description of a {@link rotaryEncoder}. */
export interface RotaryEncoder {
  readonly layers: number;
  readonly size: number;
  readonly heads: number;
  readonly headSize: number;
  readonly inner: number;
  readonly activation: FeedForward['activation'];
  readonly epsilon: number;
  readonly vocabularySize: number;
  /** Number of token types; 0 if they are not embedded. */
  readonly tokenTypes: number;
  readonly maxPositions: number;
  readonly rotary: Rotary;
  readonly prefixes: readonly string[];
  /** Matches the names, without prefix, of the tensors that are run. */
  readonly parts: RegExp;
  readonly embeddingsNorm: string;
  readonly namesOf: (layer: number) => RotaryLayerNames;
}

/** BERT with rotary positions and a gated feed-forward part: NomicBERT and GTE's `new`. */
export function rotaryEncoder(files: ModelFiles, encoder: RotaryEncoder): Architecture {
  const { layers, size, heads, headSize, rotary, vocabularySize } = encoder;
  const norm = (name: string): Norm => ({ kind: 'layer', name, size, epsilon: encoder.epsilon });
  return {
    ...encoderParts(files, encoder.prefixes, size, encoder.parts),
    ...{ layers, vocabularySize, maxTokens: maxTokensOf(encoder.maxPositions, rotary) },
    embed: (modules, tokens) => modules.norm(embeddings(modules, tokens, encoder), norm(encoder.embeddingsNorm)),
    block(step) {
      const names = encoder.namesOf(step.layer);
      return postNormLayer(step, {
        attentionNorm: norm(names.attentionNorm),
        attention: {
          ...{ kind: 'bidirectional', size, heads, headSize, scale: attentionScale(headSize), rotary },
          ...{ projections: names.attention, output: names.attentionOutput },
        },
        feedForwardNorm: norm(names.feedForwardNorm),
        feedForward: { ...names.feedForward, size, inner: encoder.inner, activation: encoder.activation },
      });
    },
  };
}

function embeddings(modules: Modules, { ids }: Tokens, { vocabularySize, tokenTypes, size }: RotaryEncoder): Value {
  const words = modules.embedding('embeddings.word_embeddings', ids, vocabularySize, size);
  if (tokenTypes === 0) return words;
  const first = modules.graph.integers([0]);
  return modules.add(words, modules.embedding('embeddings.token_type_embeddings', first, tokenTypes, size));
}
