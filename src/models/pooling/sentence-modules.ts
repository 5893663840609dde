import { InputError } from '../../core/errors.js';
import type { EmbeddingView } from '../../core/model.js';
import type { Pooling } from './poolings.js';

/** Activations that a Dense may have, by class name in PyTorch: the ONNX operator, or null for none. */
export const denseActivations = {
  Identity: null,
  Tanh: 'Tanh',
  ReLU: 'Relu',
  Sigmoid: 'Sigmoid',
  GELU: 'Gelu',
} as const;

/** A step from the last hidden state to the vector. Weights are in the checkpoint under the names given here. */
export type SentenceModule =
  /** The vectors of several poolings are concatenated. */
  | { readonly kind: 'pooling'; readonly poolings: readonly Pooling[] }
  /** Σ wᵢ hᵢ / Σ wᵢ with a weight learned for each position: SGPT's WeightedMeanPooling. `weights` is [positions]. */
  | { readonly kind: 'learned-weights'; readonly weights: string; readonly positions: number }
  | {
      readonly kind: 'dense';
      readonly inputs: number;
      readonly outputs: number;
      readonly weight: string;
      readonly bias: string | null;
      /** The ONNX operator, null for none. */
      readonly activation: (typeof denseActivations)[keyof typeof denseActivations];
    }
  | { readonly kind: 'normalize' };

/** A vector made by the model's own modules from its last hidden state. */
export interface ModuleView extends EmbeddingView {
  readonly layer: number;
  readonly modules: readonly SentenceModule[];
}

/** The view that the modules make: `mean`, `mean+dense+normalize`, `cls+max` … */
export function moduleView(
  modules: readonly SentenceModule[],
  model: { readonly layers: number; readonly outputSize: number },
): ModuleView {
  const names = modules.flatMap((module): readonly string[] =>
    module.kind === 'pooling' ? module.poolings : [module.kind],
  );
  const name = names.join('+');
  let dimensions = model.outputSize;
  for (const module of modules) {
    if (module.kind === 'pooling') dimensions *= module.poolings.length;
    if (module.kind !== 'dense') continue;
    if (module.inputs !== dimensions)
      throw new InputError(`${module.weight}: takes ${module.inputs} dimensions, but ${dimensions} come before it`);
    dimensions = module.outputs;
  }
  return { name, pooling: name, layer: model.layers, dimensions, modules };
}

/** How many positions have learned weights, where the modules pool by such; Infinity where they do not. */
export function learnedPositions([first]: readonly SentenceModule[]): number {
  return first?.kind === 'learned-weights' ? first.positions : Infinity;
}
