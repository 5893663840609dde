import { z } from 'zod';
import { InputError } from '../../core/errors.js';
import type { AttentionKind } from './decoder-attention.js';
import type { LayerKind } from './rope.js';

/** Configuration fields for layers that see only the tokens around them. */
export const layerTypeFields = {
  layer_types: z.array(z.enum(['full_attention', 'sliding_attention'])).nullish(),
};

export interface LayerTypes {
  readonly configPath: string;
  readonly layers: number;
  /** `layer_types` of the configuration; if it is missing, `isSliding` decides. */
  readonly types: readonly LayerKind[] | null | undefined;
  readonly isSliding: (layer: number) => boolean;
}

/** @throws InputError if `layer_types` has another number of layers */
export function layerKinds({ configPath, layers, types, isSliding }: LayerTypes): (layer: number) => LayerKind {
  if (types == null) return (layer) => (isSliding(layer) ? 'sliding_attention' : 'full_attention');
  if (types.length === layers) return (layer) => types[layer]!;
  throw new InputError(
    `${configPath}: field "layer_types" describes ${types.length} layers, "num_hidden_layers" says ${layers}`,
  );
}

/**
 * The window of a sliding layer (see `DecoderAttention`). `size` counts the token itself where it looks back, but not
 * where it looks to both sides: transformers' `sliding_window_bidirectional_overlay` has distances up to `size`.
 */
export function windowFor(attention: AttentionKind, size: number): number {
  return attention === 'causal' ? size : size + 1;
}
