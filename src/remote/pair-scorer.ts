import { InputError } from '../core/errors.js';
import type { PairGroup, PairScorer, WorkOptions } from '../core/model.js';
import { modelSettings } from '../core/system-spec.js';
import { contextIds, packQueries, parsePrompt, templateOf, type PairPrompt, type Tokenizer } from '../models/index.js';
import { CachedRequests, type RequestRows, type WantedContent } from './cached-requests.js';
import { contentKey } from './content-cache.js';
import {
  completionsBody,
  completionsSchema,
  logprobStyles,
  misplacement,
  probe,
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

/** A pair as it is sent, or null where the query has no token: its score is 0. */
type Pair = ScoredPrompt | null;

/**
 * Opens SGPT's cross-encoder behind `/completions` of OpenAI's interface, for servers that give the log-probabilities of
 * the prompt's tokens. The score is their sum over the query's tokens, as with local models.
 *
 * With a tokenizer, context and query are tokenised apart and sent as ids: the tokens scored are the same as locally.
 * Without one, the server tokenises them together, and it is an error when one of its tokens spans the end of the context.
 * @param name the model's name on the server
 * @throws InputError for options that are not possible
 */
export async function createRemotePairScorer(
  name: string,
  options: RemotePairScorerOptions,
  context: RemoteContext,
): Promise<PairScorer> {
  const prompt = parsePrompt(options.prompt);
  const model = await openRemoteModel(name, 'pairs', options, context);
  const { tokenizer } = model;
  // One position is left to the token that most servers insist on generating; the query's last token is in the prompt.
  const maxTokens = options.maxTokens === undefined ? null : options.maxTokens - 2;
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
    throw new InputError('an empty document with a prompt without text gives no context to score a query with');
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
      `--max-tokens: the prompt's ${instructionTokens} tokens before the document leave no room; use a shorter prompt`,
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
  const wanted = new Map<string, WantedContent<ScoredPrompt>>();
  let unscored = 0;
  for (const pair of pairs.flat()) {
    if (pair === null) unscored++;
    else {
      const [key, length] = [keyOf(pair), pair.context.length + pair.query.length];
      wanted.set(key, { content: pair, length, times: (wanted.get(key)?.times ?? 0) + 1 });
    }
  }
  if (unscored > 0) work.onProgress?.(unscored);
  await requests.fill(wanted, work);
  const misaligned: string[] = [];
  const scores = pairs.map((group) => new Float32Array(group.length));
  for (const [g, group] of pairs.entries()) {
    for (const [i, pair] of group.entries()) {
      if (pair === null) continue;
      const row = await cache.get(keyOf(pair));
      if (row === undefined) misaligned.push(groups[g]!.queries[i]!);
      else scores[g]![i] = row[0]!;
    }
  }
  if (misaligned.length === 0) return scores;
  throw new InputError(
    `${info.id}: in ${misaligned.length} of ${pairs.flat().length} pairs, a token of the server spans the end of the context ` +
      `and the start of the query (the first is "${misaligned[0]!.slice(0, 60)}"), so the query cannot be scored alone; ` +
      "give --tokenizer DIR (the folder with the model's tokenizer.json) to send token ids instead",
  );
}

function keyOf(pair: ScoredPrompt): string {
  return contentKey(JSON.stringify([pair.context, pair.query]));
}

/** A function that has the server score prompts, in the first style that it understands. */
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

/** @throws InputError with what the server says to each style when none works */
async function findStyle(model: RemoteModel, signal?: AbortSignal): Promise<LogprobStyle> {
  const { tokenizer } = model;
  const part = (text: string): string | number[] => tokenizer?.encode(text) ?? text;
  const prompts = probe.queries.map((query): ScoredPrompt => ({ context: part(probe.context), query: part(query) }));
  const reasons: string[] = [];
  for (const style of logprobStyles.filter((possible) => tokenizer !== null || possible !== 'prompt-logprobs')) {
    try {
      const choices: Choice[] = [];
      for (const prompt of prompts) {
        const [choice] = await ask(model, [prompt], style, signal);
        logprobsOf(model, choice!, prompt, style);
        choices.push(choice!);
      }
      const fault = style === 'echo' ? misplacement(choices) : null;
      if (fault === null) return style;
      reasons.push(`${style}: ${fault}`);
    } catch (error) {
      if (!(error instanceof AnswerError)) throw error;
      reasons.push(`${style}: ${error.message}`);
    }
  }
  throw new InputError(
    `${model.info.id}: does not give the log-probabilities of a prompt's tokens (${reasons.join('; ')}); ` +
      'use a server that does, such as vLLM, with --tokenizer DIR',
  );
}

/** The sum over each prompt's query; null where the query could not be told apart. */
async function sumsOf(
  model: RemoteModel,
  prompts: readonly ScoredPrompt[],
  style: LogprobStyle,
  signal?: AbortSignal,
): Promise<(Float32Array | null)[]> {
  const choices = await ask(model, prompts, style, signal);
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

/** The server's choices, one a prompt in their order. */
async function ask(
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
    `${url}/completions: the answer has ${choices.length} choices for ${prompts.length} prompts; expected one each`,
  );
}
