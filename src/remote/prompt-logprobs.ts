import { z } from 'zod';
import { usageSchema } from './remote-model.js';

/** A prompt whose end is to be scored: as token ids, or as text that the server tokenises. */
export interface ScoredPrompt<Part extends string | readonly number[] = string | readonly number[]> {
  readonly context: Part;
  /** What is scored. */
  readonly query: Part;
}

/**
 * Ways to ask `/completions` for the log-probabilities of a prompt's tokens. One token is generated, because servers
 * refuse to generate none, or take 0 for "as many as there is room for".
 * - `echo`: the prompt is part of the answer (OpenAI's older models, vLLM, llama.cpp's Python server)
 * - `prompt-logprobs`: vLLM's own; it gives ids, not texts, so the prompt must be ids
 */
export const logprobStyles = ['echo', 'prompt-logprobs'] as const;
export type LogprobStyle = (typeof logprobStyles)[number];

const options: Readonly<Record<LogprobStyle, object>> = {
  echo: { echo: true, logprobs: 1, max_tokens: 1 },
  'prompt-logprobs': { prompt_logprobs: 1, max_tokens: 1 },
};

/** The body of a request. */
export function completionsBody(model: string, prompts: readonly ScoredPrompt[], style: LogprobStyle): object {
  const joined = prompts.map(({ context, query }) =>
    typeof context === 'string' ? context + String(query) : [...context, ...(query as readonly number[])],
  );
  return { model, prompt: joined, temperature: 0, ...options[style] };
}

const logprob = z.number().nullable();
const choiceSchema = z.object({
  index: z.int().nonnegative().optional(),
  logprobs: z
    .object({
      tokens: z.array(z.string()),
      token_logprobs: z.array(logprob),
      top_logprobs: z.array(z.record(z.string(), z.number()).nullable()).nullish(),
    })
    .nullish(),
  prompt_logprobs: z.array(z.record(z.string(), z.object({ logprob: z.number() })).nullable()).nullish(),
});
export const completionsSchema = z.object({ choices: z.array(choiceSchema), usage: usageSchema });
export type Choice = z.infer<typeof choiceSchema>;

/**
 * The log-probabilities of the query's tokens, from a choice of the answer.
 * @returns null where the server's tokens do not end where the context ends, so that the query's cannot be told apart; a
 * text that says what is wrong where the answer is not about this prompt, or has no log-probabilities
 */
export function queryLogprobs(choice: Choice, prompt: ScoredPrompt, style: LogprobStyle): number[] | null | string {
  if (style === 'prompt-logprobs') return byIds(choice, prompt);
  const { tokens, token_logprobs: values } = choice.logprobs ?? {};
  if (tokens === undefined || values?.length !== tokens.length) {
    return "the answer has no log-probabilities of the prompt's tokens";
  }
  if (typeof prompt.context !== 'string') {
    const count = prompt.context.length + prompt.query.length;
    // One more is the token that was generated.
    if (tokens.length !== count && tokens.length !== count + 1) {
      return `the answer has ${tokens.length} tokens for a prompt of ${count} token ids`;
    }
    return finite(values.slice(prompt.context.length, count));
  }
  const range = queryRange(tokens, prompt as ScoredPrompt<string>);
  return Array.isArray(range) ? finite(values.slice(...range)) : range;
}

function byIds({ prompt_logprobs: positions }: Choice, { context, query }: ScoredPrompt): number[] | string {
  const count = context.length + query.length;
  if (positions == null) return "the answer has no log-probabilities of the prompt's tokens";
  if (positions.length !== count || typeof query === 'string') {
    return `the answer has ${positions.length} positions for a prompt of ${count} token ids`;
  }
  return finite(query.map((id, i) => positions[context.length + i]?.[String(id)]?.logprob ?? null));
}

/**
 * Where the query's tokens are: their texts must make up the query exactly, and those before them the context, but for
 * a token that the server puts at the beginning.
 */
function queryRange(
  tokens: readonly string[],
  { context, query }: ScoredPrompt<string>,
): [number, number] | null | string {
  const text = context + query;
  let end = 0;
  let joined = '';
  while (end < tokens.length && !joined.endsWith(text)) joined += tokens[end++]!;
  if (!joined.endsWith(text) || joined.length - text.length > longestBeginToken) {
    return "the tokens of the answer do not make up the prompt's text; give --tokenizer DIR to send token ids";
  }
  let start = end;
  let length = 0;
  while (start > 0 && length < query.length) length += tokens[--start]!.length;
  // A token without text is the beginning of a character that the next one ends: it may be of the context or the query.
  return length === query.length && tokens[start - 1] !== '' ? [start, end] : null;
}

/** Texts that differ in what follows the same beginning, to find out how a server counts. */
export const probe = { context: 'The answer is', queries: [' yes', ' no', ' blue'] } as const;

/** The same number, computed by a server in two requests. */
const sameLogprob = 0.02;

/**
 * Whether log-probabilities belong to the tokens they are listed with. After the same beginning, the likeliest next token
 * is the same whatever token is there. Where it is not, values stand one place too early, each computed after its own
 * token: llama.cpp's Python server does so for models that begin with no special token.
 * @param choices the answers to the {@link probe}'s prompts
 * @returns what is wrong, or null
 */
export function misplacement(choices: readonly Choice[]): string | null {
  const tokens = choices.map(({ logprobs }) => logprobs?.tokens ?? []);
  let at = 0;
  while (at < tokens[0]!.length && tokens.every((list) => list[at] === tokens[0]![at])) at++;
  const likeliest = choices.map(({ logprobs }) => Math.max(...Object.values(logprobs?.top_logprobs?.[at] ?? {})));
  if (!likeliest.every(Number.isFinite)) {
    return 'the answer lacks "top_logprobs" for a token of the prompt, by which the order of values is checked';
  }
  if (Math.max(...likeliest) - Math.min(...likeliest) <= sameLogprob) return null;
  return 'the answer lists each log-probability one token too early, so it is not of the token it stands with';
}

/** `<|begin_of_text|>` and the like. */
const longestBeginToken = 32;

function finite(values: readonly (number | null)[]): number[] | string {
  const known = values.filter((value): value is number => value !== null && Number.isFinite(value));
  return known.length === values.length ? known : "the answer lacks the log-probability of one of the query's tokens";
}
