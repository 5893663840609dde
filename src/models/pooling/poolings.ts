import { InputError, unknownName } from '../../core/errors.js';
import type { EmbeddingView } from '../../core/model.js';

/**
 * How a text's hidden states become one vector. Over its tokens i = 1 … S:
 * - `weightedmean`: Σ wᵢ hᵢ with wᵢ = i / Σ j (SGPT, Muennighoff 2022, eq. 2)
 * - `mean`: Σ hᵢ / S
 * - `lasttoken`: h_S
 * - `cls`: h₁
 * - `max`: the largest value of each dimension
 * - `meanmean`, `lasttokenmean`: `mean` or `lasttoken`, averaged over all hidden states, embeddings included
 * - `pooler`: the model's own, of the last hidden state (BERT and its kin: tanh(W h₁ + b)), where it has one
 */
export const poolings = [
  'weightedmean',
  'mean',
  'lasttoken',
  'cls',
  'max',
  'meanmean',
  'lasttokenmean',
  'pooler',
] as const;
export type Pooling = (typeof poolings)[number];

/** The pooling of each hidden state that `meanmean` and `lasttokenmean` average; undefined for those of one state. */
export const averagedPooling: Partial<Record<Pooling, Pooling>> = { meanmean: 'mean', lasttokenmean: 'lasttoken' };

/** An {@link EmbeddingView} that is pooled here. */
export interface PooledView extends EmbeddingView {
  readonly pooling: Pooling;
  readonly layer: number;
}

/** @throws InputError for a name that is none of {@link poolings} */
export function parsePooling(name: string): Pooling {
  const found = poolings.find((pooling) => pooling === name);
  if (found === undefined) throw unknownName('pooling', name, poolings);
  return found;
}

/** What decides which poolings a model has. */
export interface PooledModel {
  readonly layers: number;
  readonly hiddenSize: number;
  /** Size of the last hidden state. */
  readonly outputSize: number;
  /** null where it has no pooler. */
  readonly pooler: unknown;
}

/** The poolings that a model has: `pooler` is not in every one, and states of different sizes have no average. */
export function poolingsOf({ hiddenSize, outputSize, pooler }: PooledModel): Pooling[] {
  return poolings.filter((pooling) => {
    if (pooling === 'pooler') return pooler !== null;
    return averagedPooling[pooling] === undefined || hiddenSize === outputSize;
  });
}

/**
 * The views that poolings and layers ask for, poolings first: `weightedmean`, `mean`, `weightedmean@3` …
 * @param poolingNames some of {@link poolings}, or `all` for every one that the model has
 * @param layers hidden states: 0 the embeddings, the number of layers the last, -1 the last too, `all` every one;
 * poolings that average over the layers, and `pooler`, yield one view whatever is asked for
 * @throws InputError for a pooling that is unknown or that the model does not have, a layer that does not exist, or
 * nothing to do
 */
export function embeddingViews(
  poolingNames: readonly string[],
  layers: readonly (number | 'all')[],
  model: PooledModel,
): PooledView[] {
  if (poolingNames.length === 0)
    throw new InputError(`no pooling given; expected some of ${poolings.join(', ')}, or all`);
  const possible = poolingsOf(model);
  const asked = poolingNames.flatMap((name) => (name === 'all' ? possible : [parsePooling(name)]));
  const wanted = layerNumbers(layers, model.layers);
  const views = new Map<string, PooledView>();
  for (const pooling of asked) {
    if (!possible.includes(pooling))
      throw new InputError(`pooling "${pooling}": this model does not have it; it has ${possible.join(', ')}`);
    const ofOneState = averagedPooling[pooling] === undefined && pooling !== 'pooler';
    for (const layer of ofOneState ? wanted : [model.layers]) {
      const name = layer === model.layers ? pooling : `${pooling}@${layer}`;
      views.set(name, {
        name,
        pooling,
        layer,
        dimensions: layer === model.layers ? model.outputSize : model.hiddenSize,
      });
    }
  }
  return [...views.values()];
}

function layerNumbers(layers: readonly (number | 'all')[], lastLayer: number): number[] {
  if (layers.length === 0) return [lastLayer];
  return layers.flatMap((layer) => {
    if (layer === 'all') return Array.from({ length: lastLayer + 1 }, (_, i) => i);
    const number = layer === -1 ? lastLayer : layer;
    if (Number.isInteger(number) && number >= 0 && number <= lastLayer) return [number];
    throw new InputError(
      `layer ${layer} does not exist; expected 0 (embeddings) to ${lastLayer} (last), -1 for the last, or "all"`,
    );
  });
}
