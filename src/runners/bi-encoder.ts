import type { RetrievalTask } from '../core/dataset.js';
import { documentText, type Profile } from '../core/profile.js';
import type { Run } from '../core/run.js';
import type { Retriever, RunnerContext, SystemRun } from '../core/runner.js';
import { searchExact, type Similarity } from '../search/index.js';
import {
  embed,
  gather,
  readShards,
  systemOf,
  type Embedded,
  type Shard,
  type StoredEncoder,
  type TextWithId,
} from './embedding.js';
import { timed } from './timing.js';
import { usageMeter } from './usage.js';

/**
 * Embeds queries and corpus and searches exactly by cosine (SGPT-BE and any other encoder). Yields one system a view of
 * the encoder, all from one forward pass a text.
 * @param threads for the search
 */
export function biEncoderRetriever(stored: StoredEncoder, threads: number): Retriever {
  const { encoder } = stored;
  const systems = encoder.views.map((view) => systemOf(stored, view, { similarity: 'cosine' }));
  const used = usageMeter(encoder);
  return {
    systems,
    async retrieve(task, topK, context): Promise<readonly SystemRun[]> {
      const encoding: Record<string, number> = {};
      const [queries, documents] = await timed(encoding, 'encode', async () => [
        await embedQueries(stored, task, context),
        await embedDocuments(stored, task, context),
      ]);
      const work = { texts: queries.computed + documents.computed, ...used() };
      const runs: SystemRun[] = [];
      for (const [view, system] of systems.entries()) {
        const seconds = { ...encoding };
        const search = (): Promise<Run> =>
          searchView(stored, queries.shards, documents.shards, { view, topK, threads, similarity: 'cosine' }, context);
        const run = await timed(seconds, 'search', search);
        runs.push({ system, run, cost: { seconds, ...work } });
      }
      return runs;
    },
    async fill(task, context) {
      await embedQueries(stored, task, context);
      await embedDocuments(stored, task, context);
    },
    close: () => encoder.close(),
  };
}

function embedQueries(stored: StoredEncoder, task: RetrievalTask, context: RunnerContext): Promise<Embedded> {
  return embed(stored, task.queries, 'query', task.queries.length, context);
}

function embedDocuments(stored: StoredEncoder, task: RetrievalTask, context: RunnerContext): Promise<Embedded> {
  return embed(stored, documentTexts(task, context.profile), 'document', task.corpus.size, context);
}

/** The documents as the profile has them: title and text joined; SGPT leaves out those without text. */
export async function* documentTexts(task: RetrievalTask, profile: Profile): AsyncGenerator<TextWithId> {
  for await (const document of task.corpus.documents()) {
    if (profile.dropDocumentsWithoutText && document.text === '') continue;
    yield { id: document.id, text: documentText(document) };
  }
}

/** Searches the documents' vectors of one view for all queries. */
export async function searchView(
  stored: StoredEncoder,
  queryShards: readonly Shard[],
  documentShards: readonly Shard[],
  { view, ...how }: { view: number; topK: number; threads: number; similarity: Similarity },
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
