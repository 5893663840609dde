import type { Client } from '@opensearch-project/opensearch';
import { z } from 'zod';
import type { RetrievalTask } from '../../core/dataset.js';
import { InputError, throwIfInterrupted } from '../../core/errors.js';
import { rank, type Ranking } from '../../core/run.js';
import type { RunnerContext } from '../../core/runner.js';
import { batches } from '../ordered-concurrency.js';
import { oneLine, parsed } from './answers.js';

/** Queries per request, as in BEIR (`retrieval/search/lexical`). */
const searchBatch = 128;

/** BEIR's query: the better field's score plus half of the other's. */
const queryOf = (text: string): object => ({
  multi_match: { query: text, type: 'best_fields', fields: ['title', 'text'], tie_breaker: 0.5 },
});

const hitSchema = z.object({ _id: z.string(), _score: z.number() });
const searchSchema = z.object({
  responses: z.array(
    z.object({
      error: z
        .object({ reason: z.string().nullish(), root_cause: z.array(z.object({ reason: z.string() })).optional() })
        .optional(),
      timed_out: z.boolean().optional(),
      _shards: z.object({ failed: z.number() }).optional(),
      hits: z.object({ hits: z.array(hitSchema) }).optional(),
    }),
  ),
});

/** Searches all queries. A query without hits is left out, as in BEIR. Ties are ordered by id, as everywhere. */
export async function searchAll(
  client: Client,
  index: string,
  task: RetrievalTask,
  topK: number,
  { progress, signal }: RunnerContext,
): Promise<Map<string, Ranking>> {
  const stage = progress.stage('search on the server', task.queries.length, 'queries');
  const run = new Map<string, Ranking>();
  try {
    for await (const queries of batches(task.queries, searchBatch)) {
      throwIfInterrupted(signal);
      const body = queries.flatMap(({ text }) => [
        { index, search_type: 'dfs_query_then_fetch' },
        { _source: false, query: queryOf(text), size: topK },
      ]);
      const { responses } = parsed(searchSchema, (await client.msearch({ body })).body, 'msearch');
      for (const [i, { id }] of queries.entries()) {
        const hits = hitsOf(responses[i], id);
        if (hits.length === 0) continue;
        run.set(
          id,
          rank(
            hits.map(({ _id }) => _id),
            hits.map(({ _score }) => _score),
          ),
        );
      }
      stage.advance(queries.length);
    }
  } finally {
    stage.end();
  }
  return run;
}

type SearchAnswer = z.infer<typeof searchSchema>['responses'][number];

/** @throws InputError for an incomplete answer, as a part of a ranking is not usable */
function hitsOf(answer: SearchAnswer | undefined, queryId: string): z.infer<typeof hitSchema>[] {
  const reason = answer?.error?.root_cause?.[0]?.reason ?? answer?.error?.reason ?? 'no hits in the answer';
  if (answer?.hits === undefined) throw new InputError(`the search for query "${queryId}" failed (${oneLine(reason)})`);
  if (answer.timed_out === true || (answer._shards?.failed ?? 0) > 0) {
    throw new InputError(`the search for query "${queryId}" timed out or failed in part; run the same command again`);
  }
  return answer.hits.hits;
}
