import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Document, RetrievalTask } from '../../src/core/dataset.js';
import { InterruptedError } from '../../src/core/errors.js';
import { profileByName } from '../../src/core/profile.js';
import type { Run } from '../../src/core/run.js';
import type { RunnerContext, SystemOutput } from '../../src/core/runner.js';
import { openBeirFolder } from '../../src/datasets/beir-folder.js';
import { bm25Runner } from '../../src/runners/bm25.js';
import { searchServerRunner, type SearchServer } from '../../src/runners/search-server/runner.js';
import { Bm25Index, bm25Settings } from '../../src/search/index.js';
import { recordingProgress } from '../helpers/progress.js';
import { writeSmallTask } from '../helpers/small-task.js';

/*
 * No server can be installed here: the exchanges are made by hand after Elasticsearch's documented REST interface, and the
 * hits come from our own BM25 with the same settings.
 */

let folder: string;
let task: RetrievalTask;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sgpt-bench-search-server-'));
  await writeSmallTask(folder);
  const plain = await openBeirFolder(folder, 'small');
  task = { ...plain, queries: [...plain.queries, { id: 'no-hit', text: 'zzzzqqqq' }] };
});
afterAll(async () => {
  await task.corpus.close();
  rmSync(folder, { recursive: true });
});

function context(signal?: AbortSignal): RunnerContext & { progress: ReturnType<typeof recordingProgress> } {
  return { profile: profileByName('beir'), progress: recordingProgress(), signal };
}

interface Exchange {
  readonly method: string;
  readonly path: string;
  readonly authorization: string | undefined;
  /** The body's lines, parsed. */
  readonly lines: Record<string, unknown>[];
}

interface FakeServer extends SearchServer {
  readonly exchanges: Exchange[];
  /** Answers to give instead, by the start of "METHOD /path": status and body. */
  readonly instead: Map<string, [number, unknown]>;
  /** By index name. */
  readonly indexes: Map<string, { documents: Document[]; mappings: Record<string, unknown> }>;
}

async function startSearchServer(): Promise<FakeServer> {
  const state: FakeServer & { url: string } = { url: '', exchanges: [], instead: new Map(), indexes: new Map() };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const lines = Buffer.concat(chunks)
        .toString()
        .split('\n')
        .filter((line) => line !== '');
      const [method, path] = [request.method!, request.url!.split('?')[0]!];
      const exchange = { method, path, authorization: request.headers.authorization, lines: lines.map(parse) };
      state.exchanges.push(exchange);
      const changed = [...state.instead].find(([start]) => `${method} ${path}`.startsWith(start));
      void Promise.resolve(changed?.[1] ?? reply(state, exchange)).then(([status, body]) => {
        response.writeHead(status, { 'content-type': 'application/json' });
        response.end(method === 'HEAD' ? undefined : JSON.stringify(body));
      });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  state.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return state;
}

function parse(line: string): Record<string, unknown> {
  return JSON.parse(line) as Record<string, unknown>;
}

async function reply({ indexes }: FakeServer, { method, path, lines }: Exchange): Promise<[number, unknown]> {
  const [, name = '', verb] = path.split('/');
  const index = indexes.get(name);
  switch (`${method} ${name.startsWith('_') ? name : (verb ?? (name === '' ? '/' : 'index'))}`) {
    case 'GET /':
      return [200, { version: { number: '7.17.0' }, tagline: 'You Know, for Search' }];
    case 'HEAD index':
      return [index === undefined ? 404 : 200, null];
    case 'DELETE index':
      indexes.delete(name);
      return [200, { acknowledged: true }];
    case 'PUT index':
      indexes.set(name, { documents: [], mappings: lines[0]!['mappings'] as Record<string, unknown> });
      return [200, { acknowledged: true, index: name }];
    case 'POST _bulk':
      return [200, bulk(indexes, lines)];
    case 'GET _refresh':
      return [200, { _shards: { failed: 0 } }];
    case 'GET _count':
      return [200, { count: index!.documents.length }];
    case 'GET _mapping':
      return [200, { [name]: { mappings: index!.mappings } }];
    case 'POST _mapping':
      Object.assign(index!.mappings, lines[0]);
      return [200, { acknowledged: true }];
    case 'POST _msearch':
      return [200, { took: 1, responses: await msearch(indexes, lines) }];
    default:
      return [400, { error: `unexpected ${method} ${path}` }];
  }
}

function bulk(indexes: FakeServer['indexes'], lines: Exchange['lines']): object {
  const items: object[] = [];
  for (let i = 0; i < lines.length; i += 2) {
    const { _index, _id } = lines[i]!['index'] as { _index: string; _id: string };
    const { title, text } = lines[i + 1] as { title: string; text: string };
    indexes.get(_index)!.documents.push({ id: _id, title, text });
    items.push({ index: { _index, _id, result: 'created', status: 201 } });
  }
  return { took: 1, errors: false, items };
}

/** Ranks as Elasticsearch with these settings would; equal scores in the order of the index, as Lucene has them. */
async function msearch(indexes: FakeServer['indexes'], lines: Exchange['lines']): Promise<object[]> {
  const { documents } = indexes.get(lines[0]!['index'] as string)!;
  const engine = await Bm25Index.build(documents, bm25Settings('elasticsearch'));
  return lines.flatMap((line, i) => {
    if (i % 2 === 0) return [];
    const { query, size } = line as { query: { multi_match: { query: string } }; size: number };
    const { ids, scores } = engine.search(query.multi_match.query, size);
    const hits = ids.map((_id, rank) => ({ _index: 'x', _id, _score: scores[rank]! })).reverse();
    return {
      took: 1,
      timed_out: false,
      _shards: { failed: 0 },
      hits: { total: { value: hits.length }, hits },
      status: 200,
    };
  });
}

const pathsOf = ({ exchanges }: FakeServer): string[] =>
  exchanges.map(({ method, path }) => `${method} ${path.replace(/sgpt-bench-[0-9a-f]{32}/, 'INDEX')}`);

function runOf(result: SystemOutput | undefined): Run {
  if (result?.output.kind !== 'ranking') throw new Error('expected a ranking');
  return result.output.run;
}

describe('a search server', () => {
  it("indexes and searches with BEIR's settings", async () => {
    const server = await startSearchServer();
    const retriever = await searchServerRunner(server);
    const here = context();
    const [result] = await retriever.run(task, { topK: 20, candidates: null }, here);
    await retriever.close();
    expect(result!.system).toMatchObject({ name: 'BM25 elasticsearch 7.17.0', runner: 'bm25', family: 'BM25' });
    expect(pathsOf(server)).toEqual([
      ...['GET /', 'HEAD /INDEX', 'DELETE /INDEX', 'PUT /INDEX', 'POST /_bulk', 'GET /INDEX/_refresh'],
      ...['GET /INDEX/_count', 'POST /INDEX/_mapping', 'POST /_msearch'],
    ]);
    const bodyOf = (start: string): Exchange['lines'] =>
      server.exchanges.find(({ method, path }) => `${method} ${path}`.startsWith(start))!.lines;
    const english = { type: 'text', analyzer: 'english' };
    expect(bodyOf('PUT /sgpt')[0]).toEqual({
      settings: { number_of_shards: 1, number_of_replicas: 0 },
      mappings: { properties: { title: english, text: english }, _meta: { finished: true } },
    });
    const [head, body] = bodyOf('POST /_msearch');
    expect(head).toEqual({
      index: expect.stringMatching(/^sgpt-bench-/) as string,
      search_type: 'dfs_query_then_fetch',
    });
    expect(body).toEqual({
      _source: false,
      query: {
        multi_match: {
          query: task.queries[0]!.text,
          type: 'best_fields',
          fields: ['title', 'text'],
          tie_breaker: 0.5,
        },
      },
      size: 20,
    });
    const [local] = await bm25Runner('elasticsearch', 1).run(task, { topK: 20, candidates: null }, context());
    expect(runOf(result)).toEqual(runOf(local));
    expect(runOf(result).has('no-hit')).toBe(false);
    for (const stage of here.progress.stages) expect(stage).toMatchObject({ done: stage.total, ended: true });
  });

  it('uses a finished index again, and builds one anew that was broken off', async () => {
    const server = await startSearchServer();
    const retriever = await searchServerRunner(server);
    const [first] = await retriever.run(task, { topK: 20, candidates: null }, context());
    server.exchanges.length = 0;
    const [second] = await retriever.run(task, { topK: 20, candidates: null }, context());
    expect(runOf(second)).toEqual(runOf(first));
    expect(pathsOf(server)).toEqual(['HEAD /INDEX', 'GET /INDEX/_mapping', 'GET /INDEX/_count', 'POST /_msearch']);
    const [index] = server.indexes.values();
    index!.mappings = {};
    index!.documents.pop();
    const [third] = await retriever.run(task, { topK: 20, candidates: null }, context());
    expect(runOf(third)).toEqual(runOf(first));
    expect([...server.indexes.values()][0]!.documents).toHaveLength(task.corpus.size);
    await retriever.close();
  });

  it('logs in with a key, or a user and a password', async () => {
    const server = await startSearchServer();
    for (const login of [{ apiKey: 'abc' }, { username: 'me', password: 'geheim' }]) {
      await (await searchServerRunner({ url: server.url, login })).close();
    }
    const basic = `Basic ${Buffer.from('me:geheim').toString('base64')}`;
    expect(server.exchanges.map(({ authorization }) => authorization)).toEqual(['ApiKey abc', basic]);
  });

  const failures: [string, string, [number, unknown], RegExp][] = [
    ['an answer of something else', 'GET /', [200, { hello: 1 }], /the server is neither Elasticsearch nor OpenSearch/],
    [
      'a login that is wrong',
      'GET /',
      [401, { error: { type: 'security_exception' } }],
      /status 401\); set ELASTICSEARCH_API_KEY/,
    ],
    [
      'a document that is refused',
      'POST /_bulk',
      [200, { errors: true, items: [{ index: { _id: 'd7', status: 400, error: { reason: 'id too long' } } }] }],
      /did not index document "d7" \(id too long\)/,
    ],
    [
      'documents that are lost',
      'GET /sgpt-bench',
      [200, { count: 1, _shards: { failed: 0 } }],
      /has 1 documents, but 60 were sent/,
    ],
    [
      'a query with too many words',
      'POST /_msearch',
      [200, { responses: [{ error: { root_cause: [{ reason: 'too_many_clauses' }] }, status: 400 }] }],
      /query ".*" failed \(too_many_clauses\)/,
    ],
    [
      'a search that saw a part',
      'POST /_msearch',
      [200, { responses: [{ timed_out: false, _shards: { failed: 1 }, hits: { hits: [] } }] }],
      /failed in part; run the same command again/,
    ],
  ];

  it.each(failures)('says in a sentence: %s', async (_, start, answer, expected) => {
    const server = await startSearchServer();
    server.instead.set(start, answer);
    const work = async (): Promise<unknown> => {
      const retriever = await searchServerRunner({ ...server, login: { username: 'me', password: 'geheim' } });
      return retriever.run(task, { topK: 20, candidates: null }, context());
    };
    const message = await work().then(
      () => 'no error',
      (error: unknown) => String(error),
    );
    expect(message).toMatch(/^InputError: http:\/\/127[^\n]*$/);
    expect(message).toMatch(expected);
    expect(message).not.toContain('geheim');
  });

  it('that cannot be reached, or is asked for too much, is told in a sentence', async () => {
    await expect(searchServerRunner({ url: 'http://127.0.0.1:1' })).rejects.toThrow(
      /ECONNREFUSED.*is the address right/,
    );
    const retriever = await searchServerRunner(await startSearchServer());
    await expect(retriever.run(task, { topK: 10_001, candidates: null }, context())).rejects.toThrow(
      /at most 10000 documents per query/,
    );
    await retriever.close();
  });

  it('stops when asked to', async () => {
    const retriever = await searchServerRunner(await startSearchServer());
    await expect(
      retriever.run(task, { topK: 7, candidates: null }, context(AbortSignal.abort())),
    ).rejects.toBeInstanceOf(InterruptedError);
    await retriever.close();
  });
});
