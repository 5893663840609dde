import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { openEndpoint } from '../../src/remote/endpoint.js';
import { retryAfterMs } from '../../src/remote/retry-after.js';
import { hashEmbedding } from '../helpers/hash-encoder.js';
import { startOpenAiServer, type Fault } from './openai-server.js';
import { messageOfFailure, openEncoder, retry, remoteContext } from './setup.js';

const change = (edit: (answer: string) => string): Fault => ({ kind: 'change', change: edit });
interface Answer {
  data: { index: number; embedding: number[] }[];
}
const edited = (edit: (answer: Answer) => void): Fault =>
  change((json) => {
    const answer = JSON.parse(json) as Answer;
    edit(answer);
    return JSON.stringify(answer);
  });

/** Faults that a retry may overcome. */
const transient: [string, Fault][] = [
  ['429', { kind: 'status', status: 429 }],
  ['500', { kind: 'status', status: 500 }],
  ['502 with HTML', { kind: 'status', status: 502, body: '<html>bad gateway</html>' }],
  ['a connection reset', { kind: 'reset' }],
  ['incomplete JSON', { kind: 'cut' }],
  ['a timeout', { kind: 'hang' }],
];

describe.each(transient)('%s', (_, fault) => {
  const context = (): ReturnType<typeof remoteContext> =>
    remoteContext({ retry: { ...retry, timeoutMs: fault.kind === 'hang' ? 200 : retry.timeoutMs } });

  it('is retried', async () => {
    const server = await startOpenAiServer();
    const ownContext = context();
    const encoder = await openEncoder({ endpoint: server.url }, ownContext);
    server.faults.push(fault, fault);
    const [matrix] = await encoder.encode(['text'], 'query');
    expect(matrix!.data).toEqual(hashEmbedding('text'));
    expect(server.requests).toHaveLength(4);
    expect(ownContext.notes).toHaveLength(1); // for two retries
  });

  it('is a one-sentence error if no retry succeeds', async () => {
    const server = await startOpenAiServer();
    const encoder = await openEncoder({ endpoint: server.url }, context());
    server.faults.push(fault, fault, fault);
    const message = await messageOfFailure(encoder.encode(['text'], 'query'));
    expect(message).toMatch(
      /^InputError: http:.*\/v1\/embeddings: .*; 3 attempts failed, received answers are cached; run the same command again to go on, [^\n]*$/,
    );
  });
});

describe('Retry-After', () => {
  it('delays the next request', async () => {
    const server = await startOpenAiServer();
    const encoder = await openEncoder({ endpoint: server.url });
    server.faults.push({ kind: 'status', status: 429, headers: { 'retry-after': '0.3' } });
    await encoder.encode(['text'], 'query');
    const [refused, next] = server.requests.slice(-2);
    // A lower bound: timers may fire a millisecond early.
    expect(next!.at - refused!.at).toBeGreaterThan(290);
  });

  it('may be in milliseconds, or the reset time of an exhausted quota', () => {
    const pause = (headers: Record<string, string>, status = 429): number =>
      retryAfterMs(new Response(null, { status, headers }));
    expect(pause({ 'retry-after-ms': '125', 'retry-after': '1' })).toBe(125);
    expect(pause({ 'retry-after': '2' }, 503)).toBe(2000);
    expect(pause({ 'retry-after': 'soon' })).toBe(0);
    const limits = { 'x-ratelimit-remaining-requests': '9', 'x-ratelimit-reset-requests': '1m30s' };
    expect(pause(limits)).toBe(0);
    const tokens = (reset: string): Record<string, string> => ({
      ...limits,
      'x-ratelimit-remaining-tokens': '0',
      'x-ratelimit-reset-tokens': reset,
    });
    expect(['7.66s', '120ms', '12', 'never'].map((reset) => pause(tokens(reset)))).toEqual([7660, 120, 12_000, 0]);
    expect(pause(tokens('6m0s'))).toBe(60_000); // the maximum
    expect(pause(tokens('6m0s'), 500)).toBe(0);
  });

  it('ends the run if it is too long', async () => {
    const server = await startOpenAiServer();
    const encoder = await openEncoder({ endpoint: server.url });
    const date = new Date(Date.now() + 3_600_000).toUTCString();
    server.faults.push({ kind: 'status', status: 503, headers: { 'retry-after': date } });
    const message = await messageOfFailure(encoder.encode(['text'], 'query'));
    expect(message).toMatch(/answers 503 and asks to wait for 3\d\d\d s; .* run the same command again later/);
    expect(server.requests).toHaveLength(2);
  });
});

/** Faults without a retry: one request, one sentence. */
const permanent: [string, Fault, RegExp][] = [
  ['HTML', { kind: 'html' }, /answers with HTML, expected JSON; --endpoint must be the URL/],
  [
    '401',
    { kind: 'status', status: 401, body: '{"error": {"message": "Incorrect API key"}}' },
    /401 \(Incorrect API key\); the key is/,
  ],
  [
    '404',
    { kind: 'status', status: 404, body: '{"detail": "Not Found"}' },
    /answers 404 \(Not Found\); check the model's name/,
  ],
  ['a redirect', { kind: 'status', status: 308, headers: { location: 'https://example.org' } }, /308 .*redirect;/],
  [
    'an account without credit',
    { kind: 'status', status: 429, body: '{"error": {"message": "You exceeded", "code": "insufficient_quota"}}' },
    /answers 429 \(You exceeded\); the account has no credit left/,
  ],
  ['a missing vector', edited(({ data }) => data.pop()), /has 1 vectors for 2 texts; expected one per text/],
  [
    'a duplicate index',
    edited(({ data }) => (data[0]!.index = data[1]!.index)),
    /no vector with index \d, or a duplicate index/,
  ],
  ['NaN', change((json) => json.replace(/-?\d+\.\d+/, 'NaN')), /has NaN or Infinity, expected finite numbers/],
  [
    'null for a number',
    change((json) => json.replace(/-?\d+\.\d+/, 'null')),
    /field "data\.0\.embedding\.\d+".*number/,
  ],
  ['a number that exceeds float32', change((json) => json.replace(/-?\d+\.\d+/, '1e300')), /exceeds float32/],
  ['base64', edited(({ data }) => Object.assign(data[0]!, { embedding: 'AAAA' })), /field "data\.0\.embedding"/],
  ['JSON without vectors', change(() => '{"hello": 1}'), /field "data".*OpenAI-compatible/],
  [
    'another number of dimensions',
    edited(({ data }) => {
      for (const { embedding } of data) embedding.push(1);
    }),
    /vectors of 49 numbers, but the cached ones have 48; if it is another model/,
  ],
];

describe.each(permanent)('%s', (_, fault, expected) => {
  it('is a one-sentence error without a retry', async () => {
    const server = await startOpenAiServer();
    const encoder = await openEncoder({ endpoint: server.url });
    server.faults.push(fault);
    const message = await messageOfFailure(encoder.encode(['one text', 'another'], 'query'));
    expect(message).toMatch(expected);
    expect(message).toMatch(/^InputError: [^\n]*$/);
    expect(server.requests).toHaveLength(2);
    // The invalid answer is not cached.
    const [matrix] = await encoder.encode(['one text', 'another'], 'query');
    expect(matrix!.data).toEqual(Float32Array.from([...hashEmbedding('one text'), ...hashEmbedding('another')]));
  });
});

describe('an endpoint', () => {
  it('without a server is an error without a retry', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    const message = await messageOfFailure(openEncoder({ endpoint: `http://127.0.0.1:${port}` }));
    expect(message).toMatch(/^InputError: .*cannot be reached \(.*ECONNREFUSED.*\); check --endpoint and/);
  });

  it('gets /v1 if its URL has no path, and must not have secrets', () => {
    expect(openEndpoint('http://localhost:8000', null, {}).url).toBe('http://localhost:8000/v1');
    expect(openEndpoint('http://localhost:8000/a/b/', null, {}).url).toBe('http://localhost:8000/a/b');
    expect(openEndpoint(null, null, {}).url).toBe('https://api.openai.com/v1');
    for (const url of ['http://me:geheim@host', 'http://host/?key=geheim', 'ftp://me:geheim@host', 'me:geheim@host']) {
      expect(() => openEndpoint(url, null, {})).toThrow(/^(?!.*geheim)--endpoint: /);
    }
    expect(() => openEndpoint('localhost', null, {})).toThrow('found "localhost"');
  });

  it('reads the key from a variable, and does not repeat the value of --api-key-env', () => {
    expect(openEndpoint(null, null, { OPENAI_API_KEY: ' sk-1 ' }).key!.header).toBe('Bearer sk-1');
    expect(openEndpoint(null, 'OTHER', { OTHER: 'sk-2', OPENAI_API_KEY: 'sk-1' }).key!.header).toBe('Bearer sk-2');
    expect(openEndpoint(null, null, {}).key).toBeNull();
    expect(() => openEndpoint(null, 'sk-3', {})).toThrow(
      /^(?!.*sk-3)--api-key-env: the environment variable is not set/,
    );
    expect(() => openEndpoint(null, null, { OPENAI_API_KEY: 'a b' })).toThrow(
      /^(?!.*a b)OPENAI_API_KEY: has a character/,
    );
    expect(JSON.stringify(openEndpoint(null, null, { OPENAI_API_KEY: 'sk-1' }))).not.toContain('sk-1');
  });
});
