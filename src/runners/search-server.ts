import type { Client } from '@opensearch-project/opensearch';
import { z } from 'zod';
import type { Document, RetrievalTask } from '../core/dataset.js';
import { InputError, messageOf, throwIfInterrupted } from '../core/errors.js';
import { sha256 } from '../io/files.js';
import { rank, type Ranking } from '../core/run.js';
import type { Runner, RunnerContext } from '../core/runner.js';
import type { SystemInfo } from '../core/system.js';
import { batches } from './ordered-concurrency.js';
import { requireRetrieval } from './requirements.js';
import { timed } from './timing.js';

/** Address and credentials of a search engine. */
export interface SearchServer {
  /** Its address, without user and password. */
  readonly url: string;
  /** User and password, or an API key (Elasticsearch's); undefined for a server without login. */
  readonly login?: { readonly username: string; readonly password: string } | { readonly apiKey: string } | undefined;
}

/** BEIR's batch sizes (`retrieval/search/lexical`), documents and queries per request; and Elasticsearch's largest result. */
const bulkSize = 500;
const searchBatch = 128;
const maxTopK = 10_000;

/** BEIR's index: two English fields, BM25 with Lucene's k1 1.2 and b 0.75. One shard, as Elasticsearch 7 had by default. */
const english = { type: 'text', analyzer: 'english' } as const;
const indexSettings = {
  settings: { number_of_shards: 1, number_of_replicas: 0 },
  properties: { title: english, text: english },
};

/** BEIR's query: the better field's score plus half of the other's. */
const queryOf = (text: string): object => ({
  multi_match: { query: text, type: 'best_fields', fields: ['title', 'text'], tie_breaker: 0.5 },
});

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

/** Turns errors of the client into sentences that name the server. The client's own errors hold the request with the login. */
async function withClearErrors<T>({ url }: SearchServer, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof InputError) throw new InputError(`${url}: ${error.message}`);
    if (!(error instanceof Error) || !clientErrors.has(error.name)) throw error;
    const status = (error as { readonly statusCode?: number }).statusCode;
    const about = status === undefined ? '' : ` (status ${status})`;
    throw new InputError(`${url}: ${oneLine(messageOf(error))}${about}${hintAt(status)}`);
  }
}

function hintAt(status: number | undefined): string {
  if (status === undefined) return '; is the address right, and does the server run?';
  const login = 'set ELASTICSEARCH_API_KEY, or ELASTICSEARCH_USERNAME and ELASTICSEARCH_PASSWORD';
  return status === 401 || status === 403 ? `; ${login}` : '';
}

const clientErrors: ReadonlySet<string> = new Set([
  ...['ConnectionError', 'NoLivingConnectionsError', 'TimeoutError', 'ResponseError', 'DeserializationError'],
  ...['ConfigurationError', 'OpenSearchClientError'],
]);

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').slice(0, 200);
}

/** The index of the task's data: the existing one if it is complete, else a new one. */
async function ensureIndex(client: Client, task: RetrievalTask, { progress, signal }: RunnerContext): Promise<string> {
  const { checksum } = task.facts;
  const index = `sgpt-bench-${sha256(JSON.stringify([checksum, indexSettings])).slice(0, 32)}`;
  const stage = progress.stage('index on the server', task.corpus.size, 'documents');
  try {
    if (await isFinished(client, index, task.corpus.size)) {
      stage.advance(task.corpus.size);
      return index;
    }
    await client.indices.delete({ index, ignore_unavailable: true });
    const { settings, properties } = indexSettings;
    await client.indices.create({ index, body: { settings, mappings: { properties } } });
    let sent = 0;
    for await (const documents of batches(task.corpus.documents(), bulkSize)) {
      throwIfInterrupted(signal);
      await indexBatch(client, index, documents);
      sent += documents.length;
      stage.advance(documents.length);
    }
    await client.indices.refresh({ index });
    const count = await countOf(client, index);
    if (count !== sent) throw new InputError(`the index has ${count} documents, but ${sent} were sent`);
    await client.indices.putMapping({ index, body: { _meta: { finished: true } } });
    return index;
  } finally {
    stage.end();
  }
}

async function isFinished(client: Client, index: string, size: number): Promise<boolean> {
  if (!(await client.indices.exists({ index })).body) return false;
  const mappings = (await client.indices.getMapping({ index })).body;
  const meta: unknown = mappings[index]?.mappings._meta;
  if (typeof meta !== 'object' || meta === null || !('finished' in meta)) return false;
  return (await countOf(client, index)) === size;
}

async function countOf(client: Client, index: string): Promise<number> {
  return (await client.count({ index })).body.count;
}

const bulkSchema = z.object({
  errors: z.boolean(),
  items: z.array(
    z.object({
      index: z.object({ _id: z.string().nullish(), error: z.object({ reason: z.string().nullish() }).optional() }),
    }),
  ),
});

async function indexBatch(client: Client, index: string, documents: readonly Document[]): Promise<void> {
  const body = documents.flatMap(({ id, title, text }) => [{ index: { _index: index, _id: id } }, { title, text }]);
  const answer = parsed(bulkSchema, (await client.bulk({ body })).body, 'bulk');
  if (!answer.errors && answer.items.length === documents.length) return;
  const failed = answer.items.find((item) => item.index.error !== undefined);
  throw new InputError(
    `the server did not index document "${failed?.index._id ?? documents[0]!.id}" ` +
      `(${oneLine(failed?.index.error?.reason ?? 'no reason given')})`,
  );
}

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
async function searchAll(
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

function parsed<T>(schema: z.ZodType<T>, body: unknown, what: string): T {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  throw new InputError(
    `the answer to ${what} is not Elasticsearch's (${result.error.issues[0]?.path.join('.') ?? ''})`,
  );
}
