import type { Matrix } from '../core/model.js';
import type { Ranking, Run } from '../core/run.js';
import type { RunnerContext } from '../core/runner.js';
import type { Similarity } from '../core/system-fields.js';
import { searchExact, type Chunks, type ExactSearch, type VectorChunk } from '../search/index.js';
import { gather, readShards, readVectors, type Shard, type StoredEncoder } from './embedding.js';
import { FormMaker, rescored, type ReadDocuments } from './search-form.js';
import { formName, wholeForm, type VectorForm } from './vector-forms.js';

export interface ViewSearch {
  readonly view: number;
  readonly topK: number;
  readonly threads: number;
  readonly similarity: Similarity;
  /** Default: the vectors as they are stored. */
  readonly form?: VectorForm;
}

/** Searches one view's document vectors for all queries, in one form. */
export async function searchView(
  stored: StoredEncoder,
  queryShards: readonly Shard[],
  documentShards: readonly Shard[],
  { view, form = wholeForm, ...how }: ViewSearch,
  { progress, signal }: RunnerContext,
): Promise<Run> {
  const queries = await gather(stored, queryShards, view);
  const total = documentShards.reduce((sum, { ids }) => sum + ids.length, 0);
  const name = `${stored.encoder.views[view]!.name}${formName(form)}`;
  const stage = progress.stage(`search ${name}`, total, 'documents');
  const search = (vectors: Matrix, documents: Chunks, more: Partial<ExactSearch> = {}): Promise<Ranking[]> =>
    searchExact({
      ...{ queries: vectors, documents, ...how, ...more, signal },
      onProgress: (done) => {
        stage.advance(done);
      },
    });
  try {
    const rankings =
      formName(form) === ''
        ? await search(queries.vectors, readShards(stored, documentShards, view))
        : await searchForm(stored, queries.vectors, documentShards, { view, form, ...how }, search);
    return new Map(rankings.map((ranking, i) => [queries.ids[i]!, ranking]));
  } finally {
    stage.end();
  }
}

async function searchForm(
  stored: StoredEncoder,
  queries: Matrix,
  documentShards: readonly Shard[],
  { view, form, topK, similarity }: ViewSearch & { readonly form: VectorForm },
  search: (vectors: Matrix, documents: Chunks, more: Partial<ExactSearch>) => Promise<Ranking[]>,
): Promise<Ranking[]> {
  const documents: ReadDocuments = () => readVectors(stored, documentShards, view);
  const maker = new FormMaker(form, stored.encoder.views[view]!.normalized === true);
  await maker.calibrate(documents);
  async function* made(): AsyncGenerator<VectorChunk> {
    for await (const { ids, vectors } of documents()) yield { ids, vectors: maker.make(vectors) };
  }
  const byBits = form.precision === 'binary';
  const found = await search(maker.make(queries), made(), {
    topK: topK * (form.rescore ?? 1),
    similarity: byBits ? 'dot' : similarity,
  });
  if (form.rescore === null) return found;
  const fine = { topK, similarity: byBits ? 'dot' : similarity } as const;
  return rescored(found, maker.cut(queries), documents, maker, fine);
}
