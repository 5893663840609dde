import { InputError } from '../../core/errors.js';
import type { Matrix } from '../../core/model.js';
import type { EncoderView } from '../graphs/view-outputs.js';
import { embeddingViews, poolingEntry, poolings, type PooledModel } from '../pooling/poolings.js';
import { moduleView } from '../pooling/sentence-modules.js';
import type { SentenceTransformer } from '../pooling/sentence-transformers.js';
import type { BiEncoderOptions } from './options.js';

type ViewOptions = Pick<BiEncoderOptions, 'poolings' | 'layers' | 'embedPrompt'>;

/** Whose views are asked for. */
interface ViewedModel {
  readonly id: string;
  readonly sentence: SentenceTransformer | null;
}

/** The views of a checkpoint that options ask for; `own` comes first. */
export function checkpointViews(
  options: ViewOptions,
  { id, sentence }: ViewedModel,
  architecture: PooledModel,
): readonly EncoderView[] {
  const names = askedPoolings(options, sentence);
  const others = names.filter((name) => name !== 'own');
  return distinct([
    ...(others.length === names.length ? [] : [ownView(id, sentence, architecture)]),
    ...(others.length === 0 ? [] : embeddingViews(others, options.layers ?? [], architecture)),
  ]);
}

/** Poolings that the last hidden state alone is enough for. */
const ofLastState = poolings.filter((pooling) => poolingEntry(pooling).takes === 'one');

/** The views of a model exported for transformers.js that options ask for. @param size of its last hidden state */
export function exportedViews(
  options: ViewOptions,
  { id, sentence }: ViewedModel,
  size: number,
): readonly EncoderView[] {
  const views = askedPoolings(options, sentence).map((name): EncoderView => {
    if (name === 'own') return ownView(id, sentence, { layers: -1, outputSize: size });
    const pooling = ofLastState.find((known) => known === name);
    if (pooling === undefined)
      throw new InputError(
        `${id}: pooling "${name}": a model exported for transformers.js gives its last hidden state alone; possible: own, ${ofLastState.join(', ')}`,
      );
    return { name, pooling, layer: -1, dimensions: size };
  });
  return distinct(views);
}

/** A matrix of zeros for each view. @param rows number of texts */
export function zeroMatrices(views: readonly EncoderView[], rows: number): Matrix[] {
  return views.map(({ dimensions }) => ({ rows, columns: dimensions, data: new Float32Array(rows * dimensions) }));
}

/** Names as they were given, or what is usual for the model. */
function askedPoolings(
  { poolings: names = [], embedPrompt }: ViewOptions,
  sentence: SentenceTransformer | null,
): readonly string[] {
  if (names.length > 0) return names;
  if (embedPrompt !== undefined) return ['lasttoken'];
  return [sentence === null ? 'weightedmean' : 'own'];
}

function ownView(
  id: string,
  sentence: SentenceTransformer | null,
  shape: { readonly layers: number; readonly outputSize: number },
): EncoderView {
  if (sentence === null)
    throw new InputError(`pooling "own": ${id} has no modules.json that says one; name the poolings to use`);
  return moduleView(sentence.modules, shape);
}

/** One view per name: a model whose own pooling is `mean` has one vector for `own` and `mean`. */
function distinct(views: readonly EncoderView[]): EncoderView[] {
  return [...new Map(views.map((view) => [view.name, view])).values()];
}
