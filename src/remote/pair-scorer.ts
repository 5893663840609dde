import { InputError } from '../core/errors.js';
import type { PairGroup, PairScorer, WorkOptions } from '../core/model.js';
import { modelSettings } from '../core/system-spec.js';
import { excerpt } from '../core/text.js';
import { contextIds, packQueries, parsePrompt, templateOf, type PairPrompt, type Tokenizer } from '../models/index.js';
import { CachedRequests, type RequestRows, type WantedInput } from './cached-requests.js';
import { contentKey } from './content-cache.js';
import {
  completionsBody,
  completionsSchema,
  logprobStyles,
  alignmentFault,
  alignmentProbe,
  queryLogprobs,
  type Choice,
  type LogprobStyle,
  type ScoredPrompt,
} from './prompt-logprobs.js';
import { AnswerError } from './json-client.js';
import { openRemoteModel, type RemoteContext, type RemoteModel, type RemoteOptions } from './remote-model.js';

export interface RemotePairScorerOptions extends RemoteOptions {
  /** A letter, or a text with {document} and, at its end, {query}, as for local models. */
  readonly prompt: string;
}

/** The prompt of a pair; null for a query without tokens, which scores 0. */
type Pair = ScoredPrompt | null;

/**
 * Opens SGPT's cross-encoder behind `/completions` of OpenAI's interface, for servers that return the log-probabilities
 * of the prompt's tokens. A score is their sum over the query's tokens, as with local models.
 *
 * With a tokenizer, context and query are tokenised separately and sent as ids, so the scored tokens are those of a local
 * model. Without one, the server tokenises the whole text, and a token across the end of the context is an error.
 * @param name the model's name on the server
 * @throws InputError for invalid options
 */
export async function createRemotePairScorer(
  name: string,
  options: RemotePairScorerOptions,
  context: RemoteContext,
): Promise<PairScorer> {
  const prompt = parsePrompt(options.prompt);
  const model = await openRemoteModel(name, 'pairs', options, context);
  const { tokenizer } = model;
  // Unlike locally, the query's last token is part of the prompt, and most servers insist on generating one token.
  const maxTokens = model.maxTokens === null ? null : model.maxTokens - 2;
  const toPairs =
    tokenizer === null
      ? (group: PairGroup): Pair[] => textPairs(prompt, group)
      : (group: PairGroup): Pair[] => idPairs(tokenizer, prompt, maxTokens, group);
  const requests = new CachedRequests(model.cache, model.batching, scorePrompts(model));
  return {
    model: model.info,
    settings: modelSettings(
      'hosted scores',
      { prompt: prompt.name, maxTokens, endpoint: model.url },
      { template: templateOf(prompt), hostedModel: name, input: tokenizer === null ? 'text' : 'token ids' },
    ),
    score: (groups, work) => score(model, requests, groups, groups.map(toPairs), work),
    usage: () => model.meter.read(),
    close: () => model.cache.close(),
  };
}

function textPairs({ before, between }: PairPrompt, { document, queries }: PairGroup): Pair[] {
  const context = before + document + between;
  if (context === '')
    throw new InputError('a document is empty, and the prompt has no text of its own; use a prompt with text');
  return queries.map((query) => (query === '' ? null : { context, query }));
}

function idPairs(
  tokenizer: Tokenizer,
  prompt: PairPrompt,
  maxTokens: number | null,
  { document, queries }: PairGroup,
): Pair[] {
  const context = contextIds(tokenizer, prompt, document);
  const instructionTokens = tokenizer.encode(prompt.before).length;
  if (maxTokens !== null && instructionTokens >= maxTokens) {
    throw new InputError(
      `--max-tokens: the prompt has ${instructionTokens} tokens before the document, but the limit is ${maxTokens}; use a shorter prompt`,
    );
  }
  const pairs: Pair[] = queries.map(() => null);
  const ids = queries.map((query) => tokenizer.encode(query));
  for (const pack of packQueries(context, ids, { maxTokens, instructionTokens, maxQueryTokens: Infinity })) {
    for (const query of pack.queries) pairs[query.index] = { context: pack.context, query: query.ids };
  }
  return pairs;
}

async function score(
  { cache, info }: RemoteModel,
  requests: CachedRequests<ScoredPrompt>,
  groups: readonly PairGroup[],
  pairs: readonly (readonly Pair[])[],
  work: WorkOptions = {},
): Promise<Float32Array[]> {
  const wanted = new Map<string, WantedInput<ScoredPrompt>>();
  let empty = 0;
  for (const pair of pairs.flat()) {
    if (pair === null) empty++;
    else {
      const [key, length] = [keyOf(pair), pair.context.length + pair.query.length];
      wanted.set(key, { input: pair, length, count: (wanted.get(key)?.count ?? 0) + 1 });
    }
  }
  if (empty > 0) work.onProgress?.(empty);
  await requests.fill(wanted, work);
  const misaligned: string[] = [];
  const scores = pairs.map((group) => new Float32Array(group.length));
  for (const [g, group] of pairs.entries()) {
    for (const [i, pair] of group.entries()) {
      if (pair === null) continue;
      const row = await cache.get(keyOf(pair));
      if (row === undefined) misaligned.push(groups[g]!.queries[i]!);
      else scores[g]![i] = finite(row[0]!, pair, info.id);
    }
  }
  if (misaligned.length === 0) {
    work.onCounts?.({ empty, truncated: null });
    return scores;
  }
  throw new InputError(
    `${info.id}: in ${misaligned.length} of ${pairs.flat().length} pairs, one of the server's tokens covers the end of the ` +
      `context and the start of the query (first query: "${misaligned[0]!.slice(0, 60)}"), so the query cannot be scored; ` +
      "give --tokenizer DIR (the folder with the model's tokenizer.json) to send token ids",
  );
}

function finite(score: number, { query }: ScoredPrompt, id: string): number {
  if (Number.isFinite(score)) return score;
  throw new InputError(
    `${id}: the score of the query "${excerpt(String(query))}" is ${score}; expected a finite number`,
  );
}

function keyOf(pair: ScoredPrompt): string {
  return contentKey(JSON.stringify([pair.context, pair.query]));
}

/** Returns the function that requests scores, in the first style that the server supports. */
function scorePrompts(model: RemoteModel): RequestRows<ScoredPrompt> {
  let found: Promise<LogprobStyle> | undefined;
  return async (prompts, signal) => {
    found ??= findStyle(model, signal).catch((error: unknown) => {
      found = undefined;
      throw error;
    });
    return sumsOf(model, prompts, await found, signal);
  };
}

/** Finds the first style that works. @throws InputError with the server's answers if none does */
async function findStyle(model: RemoteModel, signal?: AbortSignal): Promise<LogprobStyle> {
  const { tokenizer } = model;
  const part = (text: string): string | number[] => tokenizer?.encode(text) ?? text;
  const { context, queries } = alignmentProbe;
  const prompts = queries.map((query): ScoredPrompt => ({ context: part(context), query: part(query) }));
  const reasons: string[] = [];
  for (const style of logprobStyles.filter((possible) => tokenizer !== null || possible !== 'prompt-logprobs')) {
    try {
      const choices: Choice[] = [];
      for (const prompt of prompts) {
        const [choice] = await requestChoices(model, [prompt], style, signal);
        logprobsOf(model, choice!, prompt, style);
        choices.push(choice!);
      }
      const fault = style === 'echo' ? alignmentFault(choices) : null;
      if (fault === null) return style;
      reasons.push(`${style}: ${fault}`);
    } catch (error) {
      if (!(error instanceof AnswerError)) throw error;
      reasons.push(`${style}: ${error.message}`);
    }
  }
  throw new InputError(
    `${model.info.id}: does not return usable log-probabilities of the prompt's tokens (${reasons.join('; ')}); ` +
      'use a server that does, such as vLLM, with --tokenizer DIR',
  );
}

/** One row per prompt: the sum over the query's tokens; null if the query has no token boundary before it. */
async function sumsOf(
  model: RemoteModel,
  prompts: readonly ScoredPrompt[],
  style: LogprobStyle,
  signal?: AbortSignal,
): Promise<(Float32Array | null)[]> {
  const choices = await requestChoices(model, prompts, style, signal);
  return prompts.map((prompt, i) => {
    const values = logprobsOf(model, choices[i]!, prompt, style);
    return values === null ? null : Float32Array.of(values.reduce((sum, value) => sum + value, 0));
  });
}

function logprobsOf(
  { url }: RemoteModel,
  choice: Choice,
  prompt: ScoredPrompt,
  style: LogprobStyle,
): readonly number[] | null {
  const values = queryLogprobs(choice, prompt, style);
  if (typeof values === 'string') throw new AnswerError(`${url}/completions: ${values}`);
  return values;
}

/** Requests one choice per prompt, in the order of the prompts. */
async function requestChoices(
  { client, name, meter, url }: RemoteModel,
  prompts: readonly ScoredPrompt[],
  style: LogprobStyle,
  signal?: AbortSignal,
): Promise<Choice[]> {
  const body = completionsBody(name, prompts, style);
  const { choices, usage } = await client.post('/completions', body, completionsSchema, signal);
  meter.add(usage);
  const byIndex = new Map(choices.map((choice, i) => [choice.index ?? i, choice]));
  const ordered = prompts.flatMap((_, i) => byIndex.get(i) ?? []);
  if (choices.length === prompts.length && ordered.length === prompts.length) return ordered;
  throw new AnswerError(
    `${url}/completions: the answer has ${choices.length} choices for ${prompts.length} prompts; expected one per prompt`,
  );
}
