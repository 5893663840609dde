import { describe, expect, it } from 'vitest';
import type { PairGroup } from '../../src/core/model.js';
import { openTokenizer } from '../../src/models/index.js';
import { smallModels } from '../helpers/small-task.js';
import { logprobOf, startOpenAiServer, tokensOf } from './openai-server.js';
import { messageOfFailure, openScorer, remoteContext } from './setup.js';

const groups: PairGroup[] = [
  { document: 'The quick brown fox', queries: ['which animal is quick', 'foxes', ''] },
  { document: 'Another one.', queries: ['which animal is quick'] },
];
const instruction = 'Documents are searched to find matches with the same content.\nThe document "';
const contextOf = (document: string): string => `${instruction}${document}" is a good search result for "`;

/** The score by its definition, over given tokens. */
function expectedScore(context: readonly (string | number)[], query: readonly (string | number)[]): number {
  const tokens = [...context, ...query];
  return query.reduce<number>((sum, token, i) => sum + logprobOf(tokens[context.length + i - 1]!, token), 0);
}

const textScores = groups.map(({ document, queries }) =>
  Float32Array.from(queries, (query) => expectedScore(tokensOf(contextOf(document)), tokensOf(query))),
);

async function localTokens(): Promise<(text: string) => number[]> {
  const tokenizer = await openTokenizer(smallModels.causal);
  return (text) => tokenizer.encode(text);
}

describe('a hosted pair scorer', () => {
  it('adds the log-probabilities of the query tokens', async () => {
    const server = await startOpenAiServer();
    const scorer = await openScorer({ endpoint: server.url, batchSize: 2 });
    let done = 0;
    expect(await scorer.score(groups, { onProgress: (n) => (done += n) })).toEqual(textScores);
    expect(done).toBe(4);
    expect(scorer.settings).toMatchObject({ prompt: 'G', input: 'text', maxTokens: null });
    // Three requests check the alignment.
    expect(server.requests).toHaveLength(3 + 2);
    expect(scorer.usage!().requests).toBe(3 + 2);
    await scorer.score([{ document: 'Another one.', queries: ['more'] }]);
    expect(server.requests).toHaveLength(3 + 3);
  });

  it('skips a special token that the server adds at the beginning', async () => {
    const server = await startOpenAiServer();
    server.beginToken = '<|begin|>';
    expect(await (await openScorer({ endpoint: server.url })).score(groups)).toEqual(textScores);
  });

  it.each(['echo', 'prompt-logprobs'] as const)('scores the same token ids as local models (%s)', async (style) => {
    const server = await startOpenAiServer();
    server.styles = new Set([style]);
    const scorer = await openScorer({ endpoint: server.url, tokenizer: smallModels.causal });
    const encode = await localTokens();
    const expected = groups.map(({ document, queries }) =>
      Float32Array.from(queries, (query) => expectedScore(encode(contextOf(document)), encode(query))),
    );
    expect(await scorer.score(groups)).toEqual(expected);
    const prompts = server.requests.at(-1)!.body['prompt'] as number[][];
    expect(prompts).toContainEqual([...encode(contextOf('Another one.')), ...encode('which animal is quick')]);
  });

  it('halves refused batches', async () => {
    const server = await startOpenAiServer();
    server.maxInputs = 1;
    expect(await (await openScorer({ endpoint: server.url })).score(groups)).toEqual(textScores);
  });

  it.each([
    ['text', {}],
    ['token ids', { tokenizer: smallModels.causal }],
  ])('refuses log-probabilities one token too early, sent %s', async (_, options) => {
    const server = await startOpenAiServer();
    server.isShifted = true;
    server.styles = new Set(['echo']);
    const scorer = await openScorer({ endpoint: server.url, ...options });
    expect(await messageOfFailure(scorer.score(groups))).toMatch(
      /does not return .*\(echo: the answer lists each log-probability one token too early.*\); use a server that does/,
    );
  });

  it('refuses log-probabilities whose alignment cannot be checked', async () => {
    const server = await startOpenAiServer();
    const without = { kind: 'change', change: (json: string) => json.replaceAll('"top_logprobs"', '"other"') } as const;
    server.faults.push(without, without, without);
    expect(await messageOfFailure((await openScorer({ endpoint: server.url })).score(groups))).toMatch(
      /lacks "top_logprobs"/,
    );
  });

  it('truncates the beginning of the document, not the instruction', async () => {
    const server = await startOpenAiServer();
    const encode = await localTokens();
    const [kept, document, query] = [encode(instruction), 'word '.repeat(500), encode('foxes')];
    const maxTokens = kept.length + 50;
    const scorer = await openScorer({ endpoint: server.url, tokenizer: smallModels.causal, maxTokens });
    await scorer.score([{ document, queries: ['foxes'] }]);
    const [prompt] = server.requests.at(-1)!.body['prompt'] as number[][];
    expect(prompt).toHaveLength(maxTokens - 1); // one position for the generated token
    expect(prompt!.slice(0, kept.length)).toEqual(kept);
    expect(prompt!.slice(kept.length)).toEqual([...encode(contextOf(document)), ...query].slice(-49));
  });

  it('refuses pairs with a token across the end of the context, and caches the others', async () => {
    const server = await startOpenAiServer();
    const context = remoteContext();
    const scorer = await openScorer({ endpoint: server.url }, context);
    const bad = [{ document: 'a', queries: ['fine', '(not', '"nor this'] }];
    const message = await messageOfFailure(scorer.score(bad));
    expect(message).toMatch(
      /^InputError: openai:hash@.*: in 2 of 3 pairs, .*\(first query: "\(not"\).*--tokenizer DIR[^\n]*$/,
    );
    const before = server.requests.length;
    await (await openScorer({ endpoint: server.url }, context)).score([{ document: 'a', queries: ['fine'] }]);
    expect(server.requests).toHaveLength(before);
  });

  it('refuses pairs with an empty token between context and query, which may belong to either', async () => {
    const server = await startOpenAiServer();
    const scorer = await openScorer({ endpoint: server.url });
    await scorer.score(groups);
    server.faults.push({
      kind: 'change',
      change: (json) => json.replace('"fine"', '"","fine"').replace('"token_logprobs":[', '"token_logprobs":[-1,'),
    });
    expect(await messageOfFailure(scorer.score([{ document: 'b', queries: ['fine'] }]))).toMatch(/in 1 of 1 pairs/);
  });

  it('refuses tokens that do not form the prompt', async () => {
    const server = await startOpenAiServer();
    const scorer = await openScorer({ endpoint: server.url });
    const lower = { kind: 'change', change: (json: string) => json.toLowerCase() } as const;
    server.faults.push(null, null, null, lower);
    expect(await messageOfFailure(scorer.score(groups))).toMatch(/tokens of the answer do not form the prompt's text/);
    const byIds = await openScorer({ endpoint: server.url, tokenizer: smallModels.causal });
    await byIds.score(groups);
    const others = [{ document: 'other', queries: ['fox'] }];
    const changed = async (pattern: RegExp, by: string): Promise<string> => {
      server.faults.push({ kind: 'change', change: (json) => json.replace(pattern, by) });
      return messageOfFailure(byIds.score(others));
    };
    expect(await changed(/"tokens":\["\d+",/, '"tokens":[')).toMatch(
      /has no log-probabilities of the prompt's tokens$/,
    );
    expect(await changed(/-[\d.]+,-1\]/, 'null,-1]')).toMatch(
      /lacks the log-probability of one of the query's tokens$/,
    );
  });

  it('reports the answers of a server without log-probabilities', async () => {
    const server = await startOpenAiServer();
    server.styles = new Set();
    const message = await messageOfFailure((await openScorer({ endpoint: server.url })).score(groups));
    expect(message).toMatch(
      /does not return usable log-probabilities .*\(echo: .*does not know echo\)\); use a server that does/,
    );
    const missing = {
      kind: 'change',
      change: (json: string) => json.replaceAll(/"token_logprobs":/g, '"other":'),
    } as const;
    server.styles = new Set(['echo']);
    server.faults.push(missing);
    expect(await messageOfFailure((await openScorer({ endpoint: server.url })).score(groups))).toMatch(
      /token_logprobs/,
    );
  });

  it('refuses a missing choice', async () => {
    const server = await startOpenAiServer();
    const scorer = await openScorer({ endpoint: server.url });
    await scorer.score([{ document: 'a', queries: ['b'] }]);
    server.faults.push({ kind: 'change', change: (json) => json.replaceAll(/"index":\d/g, '"index":0') });
    expect(await messageOfFailure(scorer.score(groups))).toMatch(
      /has 3 choices for 3 prompts; expected one per prompt/,
    );
  });
});
