import { InputError } from '../../core/errors.js';
import type { Matrix } from '../../core/model.js';
import type { SystemSpec } from '../../core/system-spec.js';
import type { EncoderView } from '../graphs/view-outputs.js';
import { embeddingViews, poolingEntry, poolings, type PooledModel } from '../pooling/poolings.js';
import { moduleView } from '../pooling/sentence-modules.js';
import type { SentenceTransformer } from '../pooling/sentence-transformers.js';

type ViewFields = Pick<SystemSpec, 'pooling' | 'layer' | 'embedPrompt'>;

/** The model whose views are requested. */
interface ViewedModel {
  readonly id: string;
  readonly sentence: SentenceTransformer | null;
}

/** The requested views of a checkpoint; `own` comes first. */
export function checkpointViews(
  fields: ViewFields,
  { id, sentence }: ViewedModel,
  architecture: PooledModel,
): readonly EncoderView[] {
  const names = requestedPoolings(fields, sentence);
  const others = names.filter((name) => name !== 'own');
  return withoutDuplicates([
    ...(others.length === names.length ? [] : [ownView(id, sentence, architecture)]),
    ...(others.length === 0 ? [] : embeddingViews(others, fields.layer, architecture)),
  ]);
}

/** Poolings that need no hidden state but the last. */
const lastStatePoolings = poolings.filter((pooling) => poolingEntry(pooling).takes === 'one');

/** The requested views of a model exported for transformers.js. @param size size of its last hidden state */
export function exportedViews(fields: ViewFields, { id, sentence }: ViewedModel, size: number): readonly EncoderView[] {
  const views = requestedPoolings(fields, sentence).map((name): EncoderView => {
    if (name === 'own') return ownView(id, sentence, { layers: -1, outputSize: size });
    const pooling = lastStatePoolings.find((supported) => supported === name);
    if (pooling === undefined)
      throw new InputError(
        `${id}: pooling "${name}": a model exported for transformers.js has only its last hidden state; possible: own, ${lastStatePoolings.join(', ')}`,
      );
    return { name, pooling, layer: -1, dimensions: size };
  });
  return withoutDuplicates(views);
}

/** One matrix of zeros per view. @param rows number of texts */
export function zeroMatrices(views: readonly EncoderView[], rows: number): Matrix[] {
  return views.map(({ dimensions }) => ({ rows, columns: dimensions, data: new Float32Array(rows * dimensions) }));
}

/** The requested poolings, or the default for the model. */
function requestedPoolings(
  { pooling, embedPrompt }: ViewFields,
  sentence: SentenceTransformer | null,
): readonly string[] {
  if (pooling.length > 0) return pooling;
  if (embedPrompt !== null) return ['lasttoken'];
  return [sentence === null ? 'weightedmean' : 'own'];
}

function ownView(
  id: string,
  sentence: SentenceTransformer | null,
  shape: { readonly layers: number; readonly outputSize: number },
): EncoderView {
  if (sentence === null)
    throw new InputError(`pooling "own": ${id} has no modules.json that defines it; name the poolings to use`);
  return moduleView(sentence.modules, shape);
}

/** Keeps one view per name: for a model whose own pooling is `mean`, `own` and `mean` are the same view. */
function withoutDuplicates(views: readonly EncoderView[]): EncoderView[] {
  return [...new Map(views.map((view) => [view.name, view])).values()];
}
