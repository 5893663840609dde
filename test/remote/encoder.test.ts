import { readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { InterruptedError } from '../../src/core/errors.js';
import { openTokenizer } from '../../src/models/index.js';
import { shardKey } from '../../src/stores/index.js';
import { hashEmbedding } from '../helpers/hash-encoder.js';
import { smallModels } from '../helpers/small-task.js';
import { startOpenAiServer } from './openai-server.js';
import { messageOfFailure, openEncoder, remoteContext } from './setup.js';

const texts = Array.from({ length: 25 }, (_, i) => `text number ${i} x${'x'.repeat(i)}`);

describe('a hosted encoder', () => {
  it('returns the vectors in the order of the texts, requested in batches', async () => {
    const server = await startOpenAiServer();
    const encoder = await openEncoder({ endpoint: server.url, batchSize: 4, parameters: 1e6 });
    expect(encoder.model).toMatchObject({ id: `openai:hash@${new URL(server.url).host}`, parameters: 1e6, files: {} });
    expect(encoder.views).toEqual([{ name: 'hosted', pooling: 'hosted', layer: null, dimensions: 48 }]);
    let done = 0;
    const [matrix] = await encoder.encode([' a \n', '', ...texts, 'a'], 'query', { onProgress: (n) => (done += n) });
    expect(done).toBe(texts.length + 3);
    const rows = [hashEmbedding('a'), new Float32Array(48), ...texts.map(hashEmbedding), hashEmbedding('a')];
    expect(matrix).toEqual({
      rows: rows.length,
      columns: 48,
      data: Float32Array.from(rows.flatMap((row) => [...row])),
    });
    const sizes = server.requests.map(({ body }) => (body['input'] as string[]).length);
    expect(sizes).toEqual([1, 4, 4, 4, 4, 4, 4, 2]); // the first finds the dimensions; "a" is requested once
    expect(server.requests.every(({ body }) => body['model'] === 'hash' && body['encoding_format'] === 'float')).toBe(
      true,
    );
  });

  it('puts prompts around the text that it sends, by template or as the publisher has them', async () => {
    const server = await startOpenAiServer();
    const sent = (): unknown => server.requests.at(-1)!.body['input'];
    const templates = { queryPrompt: 'Instruct: {instruction}\nQuery:{text}', instruction: 'find it' };
    const encoder = await openEncoder({ endpoint: server.url, documentPrompt: '{title|none}: {text}', ...templates });
    await encoder.encode(['a '], 'query');
    expect(sent()).toEqual(['Instruct: find it\nQuery:a']);
    await encoder.encode([encoder.documentText!('', 'a'), encoder.documentText!('T', 'b')], 'document');
    expect(sent()).toEqual(['none: a', 'T: b']);
    expect(encoder.settings).toMatchObject({
      queryPrompt: 'Instruct: find it\nQuery:{text}',
      documentPrompt: '{title|none}: {text}',
      instruction: 'find it',
    });
    const context = remoteContext();
    const e5 = await openEncoder({ endpoint: server.url }, context, 'intfloat/e5-base-v2');
    await e5.encode(['a'], 'document');
    expect(sent()).toEqual(['passage: a']);
    expect(context.notes.join()).toContain('document prompt "passage: ", as of E5');
    const eol = await openEncoder({ endpoint: server.url, embedPrompt: 'eol' });
    await eol.encode([' a'], 'query');
    expect(sent()).toEqual(['This sentence : "a" means in one word:"']);
  });

  it('asks for the largest of the requested dimensions, and refuses others than asked for', async () => {
    const server = await startOpenAiServer();
    const encoder = await openEncoder({ endpoint: server.url, dimensions: [16, 48] });
    expect(server.requests.at(-1)!.body['dimensions']).toBe(48);
    expect(encoder.settings).toMatchObject({ requestedDimensions: 48 });
    expect(await messageOfFailure(openEncoder({ endpoint: server.url, dimensions: [64] }))).toContain(
      'returns vectors of 48 dimensions where 64 are asked for',
    );
  });

  it('counts requests, tokens and their price', async () => {
    const server = await startOpenAiServer();
    const encoder = await openEncoder({ endpoint: server.url, pricePerMillion: 20 });
    await encoder.encode(['abcd'], 'document');
    const tokens = 'dimensions'.length + 4;
    expect(encoder.usage!()).toEqual({ requests: 2, tokens, price: (tokens * 20) / 1e6 });
    const free = await openEncoder({ endpoint: server.url });
    expect(free.usage!().price).toBeNull();
  });

  it('requests each text once, for any batches, in this process and in later ones', async () => {
    const server = await startOpenAiServer();
    const context = remoteContext();
    const first = await openEncoder({ endpoint: server.url, batchSize: 4 }, context);
    await Promise.all([first.encode(texts, 'document'), first.encode(texts.slice(5, 20), 'query')]);
    const requested = (): string[] => server.requests.flatMap(({ body }) => body['input'] as string[]);
    expect(requested().sort()).toEqual(['dimensions', ...texts].sort());
    const second = await openEncoder({ endpoint: server.url }, context);
    const [matrix] = await second.encode([...texts].reverse(), 'document');
    expect(requested()).toHaveLength(texts.length + 1);
    expect(matrix!.data.subarray(0, 48)).toEqual(hashEmbedding(texts.at(-1)!));
  });

  it('caches the answers before a failure, and requests only the rest', async () => {
    const server = await startOpenAiServer();
    const context = remoteContext();
    const encoder = await openEncoder({ endpoint: server.url, batchSize: 5, concurrency: 1 }, context);
    server.faults.push(null, null, { kind: 'status', status: 404, body: '{"error": {"message": "no such model"}}' });
    expect(await messageOfFailure(encoder.encode(texts, 'document'))).toMatch(
      /^InputError: .*answers 404 \(no such model\)/,
    );
    expect(server.requests).toHaveLength(4); // none is sent after the failure
    await (await openEncoder({ endpoint: server.url, batchSize: 5 }, context)).encode(texts, 'document');
    const sizes = server.requests.slice(4).map(({ body }) => (body['input'] as string[]).length);
    expect(sizes).toEqual([5, 5, 5]);
  });

  it('halves refused batches, with a note', async () => {
    const server = await startOpenAiServer();
    const context = remoteContext();
    const encoder = await openEncoder({ endpoint: server.url, batchSize: 16, concurrency: 1 }, context);
    server.maxInputs = 5;
    const [matrix] = await encoder.encode(texts, 'document');
    expect(matrix!.data).toEqual(Float32Array.from(texts.flatMap((text) => [...hashEmbedding(text)])));
    const sizes = server.requests.slice(1).map(({ body }) => (body['input'] as string[]).length);
    // 16 and 8 are refused once; the second batch of nine is halved before it is requested.
    expect(sizes).toEqual([16, 8, 4, 4, 4, 4, 3, 2, 4]);
    expect(context.notes).toEqual([
      expect.stringMatching(/refuses 16 texts or pairs per request; sending at most 8 from now on/),
      expect.stringMatching(/refuses 8 texts or pairs per request; sending at most 4 from now on/),
    ]);
  });

  it('reports the length of a single text that the server refuses', async () => {
    const server = await startOpenAiServer();
    const context = remoteContext();
    const encoder = await openEncoder({ endpoint: server.url, batchSize: 8, concurrency: 1 }, context);
    server.maxLength = 2000;
    const work = encoder.encode(['short', 'y'.repeat(1200), 'z'.repeat(3000)], 'document');
    expect(await messageOfFailure(work)).toMatch(
      /^InputError: .*answers 413 \(batch size 1 .*\); the request has a single input of 3000 characters .* with --tokenizer DIR[^\n]*$/,
    );
  });

  it("reads a killed process's cache, and requests incomplete and damaged rows again", async () => {
    const server = await startOpenAiServer();
    const context = remoteContext();
    await (await openEncoder({ endpoint: server.url }, context)).encode(['a', 'b'], 'query');
    const folder = join(context.cacheFolder, (await readdir(context.cacheFolder))[0]!);
    const names = await readdir(folder);
    const keys = join(
      folder,
      names.find((name) => name.endsWith('.keys'))!,
    );
    await truncate(keys, (await readFile(keys)).length - 3);
    const rows = join(
      folder,
      names.find((name) => name.endsWith('.rows'))!,
    );
    const bytes = await readFile(rows);
    bytes[0]! ^= 1; // of "dimensions", the first
    await writeFile(rows, bytes);
    const again = await openEncoder({ endpoint: server.url }, context);
    const before = server.requests.length;
    const [matrix] = await again.encode(['a', 'b'], 'query');
    expect(server.requests.slice(before).flatMap(({ body }) => body['input'])).toHaveLength(1);
    expect(matrix!.data).toEqual(Float32Array.from([...hashEmbedding('a'), ...hashEmbedding('b')]));
    expect(await messageOfFailure(again.encode(['dimensions'], 'query'))).toMatch(
      /damaged; run the same command again/,
    );
    await again.encode(['dimensions'], 'query');
  });

  it('shares no cache between models or servers', async () => {
    const [a, b] = [await startOpenAiServer(), await startOpenAiServer()];
    const context = remoteContext();
    const encoders = [
      await openEncoder({ endpoint: a.url }, context),
      await openEncoder({ endpoint: a.url }, context, 'other'),
      await openEncoder({ endpoint: b.url }, context),
    ];
    for (const encoder of encoders) await encoder.encode(['text'], 'query');
    expect([a.requests.length, b.requests.length]).toEqual([4, 2]);
    const keys = encoders.map(({ model, settings }) =>
      shardKey({ model, settings, view: 'hosted', role: 'query', texts: ['text'] }),
    );
    expect(new Set(keys).size).toBe(3);
  });

  it("sends a local model's token ids if it has the tokenizer", async () => {
    const server = await startOpenAiServer();
    const options = { endpoint: server.url, tokenizer: smallModels.biEncoder, brackets: 'specb' } as const;
    const encoder = await openEncoder({ ...options, tokenLimit: 6, maxTokens: 100 });
    expect(encoder.settings).toMatchObject({ input: 'token ids', maxTokens: 6, brackets: 'specb' });
    await encoder.encode(['how do computers add numbers in binary'], 'document');
    const tokenizer = await openTokenizer(smallModels.biEncoder);
    const ids = tokenizer.encode('how do computers add numbers in binary').slice(0, 4);
    expect(server.requests.at(-1)!.body['input']).toEqual([[tokenizer.idOf('{'), ...ids, tokenizer.idOf('}')]]);
  });

  it('refuses brackets and a limit of tokens without a tokenizer', async () => {
    const { url: endpoint } = await startOpenAiServer();
    const specb = openEncoder({ endpoint }, undefined, 'SGPT-125M-weightedmean-msmarco-specb-bitfit');
    expect(await messageOfFailure(specb)).toMatch(/brackets "specb" are token ids, which only --tokenizer DIR/);
    expect(await messageOfFailure(openEncoder({ endpoint, maxTokens: 9 }))).toMatch(/--max-tokens needs --tokenizer/);
  });

  it('stops on abort', async () => {
    const server = await startOpenAiServer();
    const encoder = await openEncoder({ endpoint: server.url });
    const abort = new AbortController();
    server.faults.push({ kind: 'hang' });
    const work = encoder.encode(['text'], 'query', { signal: abort.signal });
    while (server.requests.length < 2) await new Promise((resolve) => setTimeout(resolve, 1));
    abort.abort();
    await expect(work).rejects.toBeInstanceOf(InterruptedError);
  });
});
