import { InputError } from '../../core/errors.js';
import type { EmbeddingView } from '../../core/model.js';
import type { Pooling } from './poolings.js';

/** Activations supported in a Dense module: PyTorch class name to ONNX operator, or to null for the identity. */
export const denseActivations = {
  Identity: null,
  Tanh: 'Tanh',
  ReLU: 'Relu',
  Sigmoid: 'Sigmoid',
  GELU: 'Gelu',
} as const;

/**
 * One step from the last hidden state to the vector. Weights are given by the names of their tensors in the checkpoint.
 */
export type SentenceModule =
  /** Pools; the vectors of several poolings are concatenated. */
  | { readonly kind: 'pooling'; readonly poolings: readonly Pooling[] }
  /** Σ wᵢ hᵢ / Σ wᵢ with one learned weight per position: SGPT's WeightedMeanPooling. `weights` is [positions]. */
  | { readonly kind: 'learned-weights'; readonly weights: string; readonly positions: number }
  | {
      readonly kind: 'dense';
      readonly inputs: number;
      readonly outputs: number;
      readonly weight: string;
      readonly bias: string | null;
      /** ONNX operator, null for the identity. */
      readonly activation: (typeof denseActivations)[keyof typeof denseActivations];
    }
  /** Layer norm of the vector, with PyTorch's default epsilon 1e-5. */
  | { readonly kind: 'layernorm'; readonly size: number; readonly weight: string; readonly bias: string }
  | { readonly kind: 'normalize' };

/** A view that the model's own modules compute from its last hidden state. */
export interface ModuleView extends EmbeddingView {
  readonly layer: number;
  readonly modules: readonly SentenceModule[];
}

/** The view that the modules compute, named after them: `mean`, `mean+dense+normalize`, `cls+max` … */
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
    if (module.kind !== 'dense' && module.kind !== 'layernorm') continue;
    const [inputs, outputs] = module.kind === 'dense' ? [module.inputs, module.outputs] : [module.size, module.size];
    if (inputs !== dimensions)
      throw new InputError(
        `${module.weight}: takes ${inputs} dimensions, but the module before it yields ${dimensions}`,
      );
    dimensions = outputs;
  }
  const normalized = modules.at(-1)?.kind === 'normalize' ? { normalized: true } : {};
  return { name, pooling: name, layer: model.layers, dimensions, modules, ...normalized };
}

/** Number of positions with learned weights, or Infinity if the modules do not pool by learned weights. */
export function learnedPositions([first]: readonly SentenceModule[]): number {
  return first?.kind === 'learned-weights' ? first.positions : Infinity;
}
