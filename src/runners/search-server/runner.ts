import { z } from 'zod';
import { InputError } from '../../core/errors.js';
import type { Runner } from '../../core/runner.js';
import type { SystemInfo } from '../../core/system.js';
import { requireRetrieval } from '../requirements.js';
import { timed } from '../timing.js';
import type { SearchServer } from './address.js';
import { withClearErrors } from './answers.js';
import { ensureIndex } from './indexing.js';
import { searchAll } from './searching.js';

export { parseSearchServer, type SearchServer } from './address.js';

/** Elasticsearch's largest result. */
const maxTopK = 10_000;

/**
 * BM25 by an Elasticsearch or OpenSearch server, indexed and searched as BEIR does. The index is named after the data's
 * checksum and stays on the server, so that it is built once; an incomplete index is rebuilt.
 * @throws InputError for a server that cannot be used
 */
export async function searchServerRunner(server: SearchServer): Promise<Runner> {
  const { Client } = await import('@opensearch-project/opensearch');
  const client = new Client({ node: server.url, maxRetries: 5, requestTimeout: 120_000, ...authOf(server) });
  const engine = await withClearErrors(server, async () => engineOf((await client.info()).body));
  const system: SystemInfo = {
    name: `BM25 ${engine}`,
    runner: 'bm25',
    family: 'BM25',
    model: null,
    settings: {
      bm25: 'elasticsearch',
      engine,
      searchType: 'dfs_query_then_fetch',
      tieBreaker: 0.5,
      analyzer: 'english',
    },
  };
  return {
    systemsOn: () => [system],
    async run(task, { topK }, context) {
      const retrieval = requireRetrieval(task, system.runner);
      if (topK > maxTopK)
        throw new InputError(`--top-k: a search server returns at most ${maxTopK} documents per query`);
      const seconds: Record<string, number> = {};
      return withClearErrors(server, async () => {
        const index = await timed(seconds, 'index', () => ensureIndex(client, retrieval, context));
        const run = await timed(seconds, 'search', () => searchAll(client, index, retrieval, topK, context));
        return [{ system, output: { kind: 'ranking', run }, cost: { seconds } }];
      });
    },
    close: () => client.close(),
  };
}

function authOf({ login }: SearchServer): object {
  if (login === undefined) return {};
  return 'apiKey' in login ? { headers: { authorization: `ApiKey ${login.apiKey}` } } : { auth: login };
}

const infoSchema = z.object({ version: z.object({ number: z.string(), distribution: z.string().optional() }) });

/** For example `elasticsearch 8.17.0`, `opensearch 2.11.0`. */
function engineOf(body: unknown): string {
  const info = infoSchema.safeParse(body);
  if (!info.success) throw new InputError('the server is neither Elasticsearch nor OpenSearch');
  const { number, distribution } = info.data.version;
  return `${distribution ?? 'elasticsearch'} ${number}`;
}
