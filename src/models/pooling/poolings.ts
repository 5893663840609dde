import { InputError, unknownName } from '../../core/errors.js';
import type { EmbeddingView } from '../../core/model.js';
import { poolingTable, type PoolingEntry } from './pooling-table.js';

/** The name of a pooling; {@link poolingTable} says what each is. */
export type Pooling = keyof typeof poolingTable;

/** All names, in the order of the table. */
export const poolings = Object.keys(poolingTable) as readonly Pooling[];

export function poolingEntry(pooling: Pooling): PoolingEntry {
  return poolingTable[pooling];
}

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
    const { takes } = poolingEntry(pooling);
    if (takes === 'pooler') return pooler !== null;
    return takes === 'one' || hiddenSize === outputSize;
  });
}

/**
 * The views that poolings and layers ask for, poolings first: `weightedmean`, `mean`, `weightedmean@3` …
 * @param poolingNames some of {@link poolings}, or `all` for those among them that the model has and that are not left out
 * of it (`inAll`)
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
  const all = possible.filter((pooling) => poolingEntry(pooling).inAll);
  const asked = poolingNames.flatMap((name) => (name === 'all' ? all : [parsePooling(name)]));
  const wanted = layerNumbers(layers, model.layers);
  const views = new Map<string, PooledView>();
  for (const pooling of asked) {
    if (!possible.includes(pooling))
      throw new InputError(`pooling "${pooling}": this model does not have it; it has ${possible.join(', ')}`);
    for (const layer of poolingEntry(pooling).takes === 'one' ? wanted : [model.layers]) {
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
