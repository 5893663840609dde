import { InputError, unknownName } from '../../core/errors.js';
import type { EmbeddingView } from '../../core/model.js';
import { poolingTable, type PoolingEntry } from './pooling-table.js';

/** Name of a pooling; {@link poolingTable} describes each. */
export type Pooling = keyof typeof poolingTable;

/** All pooling names, in the order of the table. */
export const poolings = Object.keys(poolingTable) as readonly Pooling[];

export function poolingEntry(pooling: Pooling): PoolingEntry {
  return poolingTable[pooling];
}

/** An {@link EmbeddingView} computed by one of the {@link poolings}. */
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

/** Properties of a model that determine which poolings it supports. */
export interface PooledModel {
  readonly layers: number;
  readonly hiddenSize: number;
  /** Size of the last hidden state. */
  readonly outputSize: number;
  /** null if the model has no pooler. */
  readonly pooler: unknown;
}

/** Poolings that a model supports: `pooler` needs a pooler, and averages over layers need layers of equal size. */
export function poolingsOf({ hiddenSize, outputSize, pooler }: PooledModel): Pooling[] {
  return poolings.filter((pooling) => {
    const { takes } = poolingEntry(pooling);
    if (takes === 'pooler') return pooler !== null;
    return takes === 'one' || hiddenSize === outputSize;
  });
}

/**
 * One view per requested pooling and layer, grouped by pooling. A view of the last layer has the pooling's name
 * (`weightedmean`), other layers add their number (`weightedmean@3`).
 * @param poolingNames names of {@link poolings}; `all` stands for every `inAll` pooling that the model supports
 * @param layers hidden states: 0 for the embeddings, the number of layers or -1 for the last, `all` for every one;
 * poolings that average over the layers, and `pooler`, have one view regardless of the layers
 * @throws InputError for an unknown pooling, one that the model does not support, a layer that does not exist, or no
 * pooling at all
 */
export function embeddingViews(
  poolingNames: readonly string[],
  layers: readonly (number | 'all')[],
  model: PooledModel,
): PooledView[] {
  if (poolingNames.length === 0)
    throw new InputError(`no pooling given; expected some of ${poolings.join(', ')}, or all`);
  const supported = poolingsOf(model);
  const all = supported.filter((pooling) => poolingEntry(pooling).inAll);
  const requested = poolingNames.flatMap((name) => (name === 'all' ? all : [parsePooling(name)]));
  const requestedLayers = layerNumbers(layers, model.layers);
  const views = new Map<string, PooledView>();
  for (const pooling of requested) {
    if (!supported.includes(pooling))
      throw new InputError(`pooling "${pooling}": this model does not have it; it has ${supported.join(', ')}`);
    for (const layer of poolingEntry(pooling).takes === 'one' ? requestedLayers : [model.layers]) {
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
