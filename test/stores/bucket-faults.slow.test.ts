import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { inspect } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { InputError, InterruptedError } from '../../src/core/errors.js';
import { sha256 } from '../../src/io/files.js';
import { VectorStore } from '../../src/stores/index.js';
import { makeStoreId, openStoreBackend, type StoreBackend } from '../../src/stores/index.js';
import { openBucket } from '../../src/stores/backends/open-bucket.js';
import { html, partOf, refusal, startMemoryS3, type Fault, type MemoryS3 } from './memory-s3.js';
import { bucketEnvironment, setEnvironment, startS3rver } from './s3-server.js';

const secrets = {
  AWS_ACCESS_KEY_ID: 'AKIASECRETUSER',
  AWS_SECRET_ACCESS_KEY: 'geheim/Hafen+17',
  AWS_SESSION_TOKEN: 'geheimes-Losungswort',
};

/** A bucket whose server has faults; what may pass is tried again at once. */
async function faultyBucket(timeoutMs = 30_000): Promise<{ server: MemoryS3; place: StoreBackend; notes: string[] }> {
  const notes: string[] = [];
  const server = await startMemoryS3();
  setEnvironment(bucketEnvironment(server.url, secrets));
  const retry = { retries: 3, firstDelayMs: 1, maxDelayMs: 100, timeoutMs };
  const onNote = (note: string): unknown => notes.push(note);
  return { server, place: await openBucket('s3://bench/store', { retry, onNote }), notes };
}

/** The fault, for the first so many requests of this kind. */
function first(times: number, requests: RegExp, fault: Fault): (request: string) => Fault | undefined {
  let left = times;
  return (request) => (requests.test(request) && left-- > 0 ? fault : undefined);
}

/** The sentence of the InputError that the work ends with; nothing of it tells a secret. */
async function sentenceOf(work: Promise<unknown>): Promise<string> {
  const error: unknown = await work.then(
    () => new Error('expected a failure'),
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(InputError);
  const { message } = error as InputError;
  for (const secret of Object.values(secrets)) expect(message + inspect(error, { depth: 9 })).not.toContain(secret);
  expect(message).not.toContain('\n');
  return message;
}

describe('a bucket that cannot be used', () => {
  const leak = Object.values(secrets)
    .map((secret, i) => `<Part${i}>${secret}</Part${i}>`)
    .join('');
  const region = '<Region>eu-central-1</Region>';

  it.each<[string, RegExp, Fault, RegExp]>([
    [
      'no permission to read',
      /GET/,
      refusal(403, 'AccessDenied', leak),
      /cannot be read: no permission \(AccessDenied\); s3:ListBucket/,
    ],
    ['no permission to write', /PUT/, refusal(403, 'AccessDenied', leak), /cannot be written: no permission/],
    ['no permission to delete', /DELETE/, refusal(403, 'AccessDenied', leak), /cannot be deleted: no permission/],
    [
      'an unknown key',
      /GET/,
      refusal(403, 'InvalidAccessKeyId', leak),
      /does not accept the credentials \(InvalidAccessKeyId\)/,
    ],
    [
      'a token that is over',
      /GET/,
      refusal(400, 'ExpiredToken', leak),
      /does not accept the credentials \(ExpiredToken\)/,
    ],
    [
      'another region',
      /GET/,
      refusal(400, 'AuthorizationHeaderMalformed', region),
      /is in eu-central-1; set AWS_REGION=eu-central-1$/,
    ],
    ['a clock that is wrong', /GET/, refusal(403, 'RequestTimeTooSkewed'), /differ; set this machine's clock$/],
    [
      'an unheard-of refusal',
      /PUT/,
      refusal(400, 'OddRequest', leak),
      /cannot be written at http:.* \(status 400, OddRequest\)$/,
    ],
    ['a web page', /./, html(200), /is not that of an S3 server \(.*\); check AWS_ENDPOINT_URL/],
    ['a web page not found', /./, html(404), /is not that of an S3 server \(status 404\)/],
    ['a web page to log in', /./, html(302), /is not that of an S3 server \(status 302\)/],
    ['a web page that forbids', /./, html(403), /is not that of an S3 server \(status 403\)/],
    ['a page after a good start', /PUT/, html(200), /is not that of an S3 server \(a written object without ETag/],
    [
      'a server that is overloaded',
      /./,
      refusal(503, 'SlowDown'),
      /is overloaded or unavailable.* \(status 503, SlowDown\)/,
    ],
    ['a gateway without server', /./, html(502), /is overloaded or unavailable \(status 502\)/],
    [
      'a broken connection',
      /./,
      (response) => response.destroy(),
      /does not respond, or breaks the connection \(ECONNRESET\)/,
    ],
  ])('is told in a sentence: %s', async (_, requests, fault, expected) => {
    const { server, place } = await faultyBucket();
    server.fault = (request) => (requests.test(request) ? fault : undefined);
    const sentence = await sentenceOf(place.requireUsable());
    expect(sentence).toMatch(/^--store s3:\/\/bench\/store: /);
    expect(sentence).toMatch(expected);
  });

  it('is told in a sentence: no such bucket, and a server that forgets', async () => {
    const { server, place } = await faultyBucket();
    const other = await openBucket('s3://elsewhere');
    expect(await sentenceOf(other.requireUsable())).toBe(
      `--store s3://elsewhere: bucket "elsewhere" does not exist at ${server.url}; create it, or correct the name`,
    );
    server.fault = first(9, /PUT/, (response) => response.writeHead(200, { etag: '"x"' }).end());
    expect(await sentenceOf(place.requireUsable())).toMatch(/\(a written object cannot be read back\)/);
  });

  it('is told in a sentence: wrong credentials, by a server that checks them', async () => {
    const { url } = await startS3rver();
    setEnvironment(bucketEnvironment(url, { ...secrets, AWS_SESSION_TOKEN: '' }));
    const place = await openBucket('s3://bench');
    expect(await sentenceOf(place.requireUsable())).toMatch(/does not accept the credentials \(InvalidAccessKeyId\)/);
    setEnvironment({ AWS_ACCESS_KEY_ID: 'S3RVER' });
    const wrong = await openBucket('s3://bench');
    expect(await sentenceOf(wrong.requireUsable())).toMatch(
      /does not accept the credentials \(SignatureDoesNotMatch\)/,
    );
  });

  it('is told in a sentence: nobody there, or another kind of server', async () => {
    setEnvironment(bucketEnvironment('http://127.0.0.1:1', secrets));
    const nobody = await openBucket('s3://bench');
    expect(await sentenceOf(nobody.requireUsable())).toMatch(/127\.0\.0\.1:1 does not respond, .* \(ECONNREFUSED\)/);
    const server = createServer((socket) => socket.end('-ERR unknown command\r\n')).listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    setEnvironment({ AWS_ENDPOINT_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
    const redis = await openBucket('s3://bench');
    expect(await sentenceOf(redis.requireUsable())).toMatch(/is not that of an S3 server \(HPE_/);
  });
});

describe('what may pass', () => {
  const content = Buffer.from('a shard of vectors, or so'.repeat(1000));

  it.each<[string, RegExp, Fault]>([
    ['a server that asks to slow down', /./, refusal(503, 'SlowDown')],
    ['an internal error', /./, refusal(500, 'InternalError')],
    ['a connection that breaks', /./, (response) => response.destroy()],
    ['an upload that breaks', /PUT/, (response) => response.destroy()],
    ['a download that breaks', /GET/, partOf(content, 1000, 'cut')],
    ['a download that breaks before its first byte', /GET/, partOf(content, 0, 'cut')],
  ])('is tried again: %s', async (_, requests, fault) => {
    const { server, place, notes } = await faultyBucket();
    server.fault = first(2, requests, fault);
    await place.write('file', content);
    expect(server.objects.get('bench/store/file')?.equals(content)).toBe(true);
    server.fault = first(3, requests, fault);
    expect((await place.read('file', 1 << 20))?.bytes.equals(content)).toBe(true);
    server.fault = first(3, requests, fault);
    expect((await place.read('file', 5))?.bytes.toString()).toBe('a sha');
    // The client's own tries are quick, and go unsaid.
    for (const note of notes)
      expect(note).toMatch(/^s3:\/\/bench\/store: http:.* failed \(.+\); retrying, without further notes$/);
    expect(new Set(notes).size).toBe(notes.length);
  });

  it('is tried again: a download that stalls', async () => {
    const { server, place } = await faultyBucket(200);
    await place.write('file', content);
    server.fault = first(1, /GET/, partOf(content, 1000, 'stall'));
    expect((await place.read('file', 1 << 20))?.bytes.equals(content)).toBe(true);
  });

  it('is not tried for ever, and then told in a sentence', async () => {
    const { server, place, notes } = await faultyBucket();
    await place.write('file', content);
    server.fault = () => partOf(content, 1000, 'cut');
    expect(await sentenceOf(place.read('file', 1 << 20))).toMatch(
      /breaks the connection \(an object was truncated|ECONNRESET\)/,
    );
    expect(server.requests.filter((request) => request.startsWith('GET')).length).toBe(4);
    expect(notes.length).toBe(1);
    server.fault = () => refusal(503, 'SlowDown');
    expect(await sentenceOf(place.write('file', content))).toMatch(/is overloaded or unavailable.*SlowDown/);
    server.fault = () => refusal(403, 'AccessDenied');
    server.requests.length = 0;
    expect(await sentenceOf(place.write('file', content))).toMatch(/no permission/);
    expect(server.requests).toEqual(['PUT bench/store/file']);
  });

  it('is not waited for when the user wants to stop', async () => {
    const server = await startMemoryS3();
    setEnvironment(bucketEnvironment(server.url, secrets));
    const stop = new AbortController();
    const place = await openStoreBackend('s3://bench/store', {
      signal: stop.signal,
      onNote: () => {
        stop.abort();
      },
    });
    server.fault = () => (response) => response.destroy();
    await expect(place.read('file', 64)).rejects.toThrow(InterruptedError);
  });
});

describe('servers that differ', () => {
  it('may show a new object only after a moment', async () => {
    const { server, place } = await faultyBucket();
    server.fault = first(2, /^GET .*\.writable/, refusal(404, 'NoSuchKey'));
    await place.requireUsable();
    expect(server.requests.map((request) => request.slice(0, 3))).toEqual(['GET', 'PUT', 'GET', 'GET', 'GET', 'DEL']);
    expect(server.objects.size).toBe(0);
  });

  it('may send more than was asked for', async () => {
    const { server, place } = await faultyBucket();
    const content = Buffer.alloc(1 << 20, 7);
    server.fault = () => (response) => {
      response.writeHead(200, { etag: '"x"', 'content-length': content.length }).end(content);
    };
    expect(await place.read('file', 64)).toEqual({ size: content.length, bytes: content.subarray(0, 64) });
  });

  it('may know no conditions, or tell late that another was first', async () => {
    const { server, place } = await faultyBucket();
    server.fault = first(1, /PUT/, refusal(501, 'NotImplemented'));
    const id = await makeStoreId(place);
    server.fault = first(1, /GET/, refusal(404, 'NoSuchKey'));
    expect(await makeStoreId(place)).toBe(id);
    expect(server.requests.slice(-3).map((request) => request.slice(0, 3))).toEqual(['GET', 'PUT', 'GET']);
  });

  it('have empty objects, which are damaged shards', async () => {
    const { server, place } = await faultyBucket();
    const notes: string[] = [];
    const store = new VectorStore(place, { onDamage: (note) => notes.push(note) });
    const key = sha256('a shard');
    server.objects.set(`bench/store/${key.slice(0, 2)}/${key}.vectors`, Buffer.alloc(0));
    expect([await store.get(key), server.objects.size]).toEqual([undefined, 0]);
    expect(notes[0]).toMatch(/is truncated within its header; the vectors are computed again$/);
  });
});

describe('an address', () => {
  it.each([
    ['s3:', /has no valid bucket name; expected s3:\/\/BUCKET\/PREFIX/],
    ['s3://', /has no valid bucket name/],
    ['s3:/bucket', /has no valid bucket name/],
    ['s3://b', /has no valid bucket name/],
    ['s3:///prefix', /has no valid bucket name/],
    ['s3://bench//prefix', /"" is not allowed in the prefix/],
    ['s3://bench/../other', /"\.\." is not allowed in the prefix/],
    ['s3://bench/a b', /"a b" is not allowed/],
    ['s3://AKIASECRETUSER:geheim/Hafen+17@bench/store', /^--store s3:\/\/…: the address has credentials or options/],
    [
      's3://bench/store?X-Amz-Security-Token=geheimes-Losungswort',
      /^--store s3:\/\/…: the address has credentials or options/,
    ],
    ['gs://bench/store', /^--store gs:\/\/…: cannot be a store; expected a folder, or s3:\/\/BUCKET\/PREFIX$/],
    ['https://user:geheim/Hafen+17@host/bench', /^--store https:\/\/…: cannot be a store/],
  ])('that is none is refused in a sentence: %s', async (address, expected) => {
    setEnvironment(bucketEnvironment('http://127.0.0.1:1', secrets));
    expect(await sentenceOf(openStoreBackend(address))).toMatch(expected);
  });

  it('is shown as it is meant', async () => {
    setEnvironment(bucketEnvironment('http://127.0.0.1:1'));
    expect((await openStoreBackend('s3://bench/')).address).toBe('s3://bench');
    expect((await openStoreBackend('S3://Bench_1/a=1/b.c/')).address).toBe('s3://Bench_1/a=1/b.c');
  });

  it.each(['localhost:9000', 'ftp://host', 'https://AKIASECRETUSER:geheim@host', 'http://host?geheim'])(
    'of a server that is none is refused in a sentence: %s',
    async (endpoint) => {
      setEnvironment(bucketEnvironment(endpoint, secrets));
      const sentence = await sentenceOf(openStoreBackend('s3://bench'));
      expect(sentence).toMatch(/^AWS_ENDPOINT_URL: is not a server's URL; expected http\(s\):\/\/HOST:PORT/);
      expect(sentence).not.toContain('geheim');
    },
  );

  it('needs credentials, and at AWS a region', async () => {
    setEnvironment(bucketEnvironment('http://127.0.0.1:1', { AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '' }));
    expect(await sentenceOf(openStoreBackend('s3://bench'))).toMatch(
      /no credentials were found .*; set AWS_ACCESS_KEY_ID/,
    );
    setEnvironment({ ...bucketEnvironment('', secrets) });
    expect(await sentenceOf(openStoreBackend('s3://bench'))).toMatch(/region is not known .*; set AWS_REGION$/);
  });
});
