import { InputError } from '../../core/errors.js';
import type { EmbeddingView, Matrix } from '../../core/model.js';
import type { SystemSpec } from '../../core/system-spec.js';
import type { EncoderView } from '../graphs/view-outputs.js';
import { familyOf } from '../hub/families.js';
import { embeddingViews, poolingEntry, poolings, type PooledModel } from '../pooling/poolings.js';
import { moduleView } from '../pooling/sentence-modules.js';
import type { SentenceTransformer } from '../pooling/sentence-transformers.js';

type ViewFields = Pick<SystemSpec, 'pooling' | 'layer' | 'embedPrompt'>;

/** The model whose views are requested. */
interface ViewedModel {
  readonly id: string;
  readonly sentence: SentenceTransformer | null;
  /** True for a causal language model, which is pooled by `weightedmean` if no file says how. */
  readonly isCausal: boolean;
}

/** The requested views of a checkpoint; `own` comes first. */
export function checkpointViews(
  fields: ViewFields,
  viewed: ViewedModel,
  architecture: PooledModel,
): readonly EncoderView[] {
  const { id, sentence } = viewed;
  const names = requestedPoolings(fields, viewed);
  const others = names.filter((name) => name !== 'own');
  return withoutDuplicates([
    ...(others.length === names.length ? [] : [ownView(id, sentence, architecture)]),
    ...(others.length === 0 ? [] : embeddingViews(others, fields.layer, architecture)),
  ]);
}

/** Poolings that need no hidden state but the last. */
const lastStatePoolings = poolings.filter((pooling) => poolingEntry(pooling).takes === 'one');

/** The requested views of a model exported for transformers.js. @param size size of its last hidden state */
export function exportedViews(fields: ViewFields, viewed: ViewedModel, size: number): readonly EncoderView[] {
  const { id, sentence } = viewed;
  const views = requestedPoolings(fields, viewed).map((name): EncoderView => {
    if (name === 'own') return ownView(id, sentence, { layers: -1, outputSize: size });
    const pooling = lastStatePoolings.find((supported) => supported === name);
    if (pooling === undefined)
      throw new InputError(
        `${id}: pooling "${name}": an export has only the last hidden state; possible: own, ${lastStatePoolings.join(', ')}`,
      );
    return { name, pooling, layer: -1, dimensions: size };
  });
  return withoutDuplicates(views);
}

/** One matrix of zeros per view. @param rows number of texts */
export function zeroMatrices(views: readonly EmbeddingView[], rows: number): Matrix[] {
  return views.map(({ dimensions }) => ({ rows, columns: dimensions, data: new Float32Array(rows * dimensions) }));
}

export const defaultPoolingNote =
  'no file says how its hidden states are pooled; weightedmean is used, as in SGPT; choose another with --pooling';

/** True if the pooling is not requested, and no file of the model says it. */
export function isPooledByDefault({ pooling, embedPrompt }: ViewFields, sentence: SentenceTransformer | null): boolean {
  return pooling.length === 0 && embedPrompt === null && sentence === null;
}

/**
 * The requested poolings, or the default for the model.
 * @throws InputError if nothing is requested, no file says how to pool, and the model is no causal language model
 */
function requestedPoolings(fields: ViewFields, { id, sentence, isCausal }: ViewedModel): readonly string[] {
  const { pooling, embedPrompt } = fields;
  if (pooling.length > 0) return pooling;
  if (embedPrompt !== null) return ['lasttoken'];
  if (sentence !== null) return ['own'];
  if (isCausal) return ['weightedmean'];
  const published = familyOf(id)?.pooling;
  const hint = published === undefined ? 'mean or cls are usual' : `its publisher's is ${published}`;
  throw new InputError(
    `${id}: has no modules.json, so no file says how its hidden states are pooled; name it with --pooling (${hint})`,
  );
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
