import type { Run } from '../core/run.js';
import type { RunnerContext } from '../core/runner.js';
import type { Similarity } from '../core/system-fields.js';
import { searchExact } from '../search/index.js';
import { gather, readShards, type Shard, type StoredEncoder } from './embedding.js';

export interface ViewSearch {
  readonly view: number;
  readonly topK: number;
  readonly threads: number;
  readonly similarity: Similarity;
}

/** Searches one view's document vectors for all queries. */
export async function searchView(
  stored: StoredEncoder,
  queryShards: readonly Shard[],
  documentShards: readonly Shard[],
  { view, ...how }: ViewSearch,
  { progress, signal }: RunnerContext,
): Promise<Run> {
  const queries = await gather(stored, queryShards, view);
  const total = documentShards.reduce((sum, { ids }) => sum + ids.length, 0);
  const stage = progress.stage(`search ${stored.encoder.views[view]!.name}`, total, 'documents');
  try {
    const rankings = await searchExact({
      queries: queries.vectors,
      documents: readShards(stored, documentShards, view),
      ...how,
      signal,
      onProgress: (done) => {
        stage.advance(done);
      },
    });
    return new Map(rankings.map((ranking, i) => [queries.ids[i]!, ranking]));
  } finally {
    stage.end();
  }
}
