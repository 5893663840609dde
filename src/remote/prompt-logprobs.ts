import { z } from 'zod';
import { usageSchema } from './remote-model.js';

/** A prompt: the context, then the query, whose tokens are scored. As token ids, or as text that the server tokenises. */
export interface ScoredPrompt<Part extends string | readonly number[] = string | readonly number[]> {
  readonly context: Part;
  readonly query: Part;
}

/**
 * Request styles of `/completions` that return the log-probabilities of the prompt's tokens. One token is generated,
 * because servers refuse to generate none, or read 0 as no limit.
 * - `echo`: the answer repeats the prompt (OpenAI's older models, vLLM, llama.cpp's Python server)
 * - `prompt-logprobs`: vLLM's parameter; it returns ids without texts, so the prompt must be ids
 */
export const logprobStyles = ['echo', 'prompt-logprobs'] as const;
export type LogprobStyle = (typeof logprobStyles)[number];

const parameters: Readonly<Record<LogprobStyle, object>> = {
  echo: { echo: true, logprobs: 1, max_tokens: 1 },
  'prompt-logprobs': { prompt_logprobs: 1, max_tokens: 1 },
};

/** The JSON body of a request. */
export function completionsBody(model: string, prompts: readonly ScoredPrompt[], style: LogprobStyle): object {
  const joined = prompts.map(({ context, query }) =>
    typeof context === 'string' ? context + String(query) : [...context, ...(query as readonly number[])],
  );
  return { model, prompt: joined, temperature: 0, ...parameters[style] };
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
 * @returns null if one of the server's tokens covers the end of the context and the start of the query; an error message
 * if the answer does not match the prompt or lacks log-probabilities
 */
export function queryLogprobs(choice: Choice, prompt: ScoredPrompt, style: LogprobStyle): number[] | null | string {
  if (style === 'prompt-logprobs') return byIds(choice, prompt);
  const { tokens, token_logprobs: values } = choice.logprobs ?? {};
  if (tokens === undefined || values?.length !== tokens.length) {
    return "the answer has no log-probabilities of the prompt's tokens";
  }
  if (typeof prompt.context !== 'string') {
    const count = prompt.context.length + prompt.query.length;
    // With or without the generated token.
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
 * The range of the query's tokens. The texts of all tokens must form the prompt, after an optional special token at the
 * beginning, and those of the range the query.
 * @returns null if no range is exactly the query; an error message if the tokens do not form the prompt
 */
function queryRange(
  tokens: readonly string[],
  { context, query }: ScoredPrompt<string>,
): [number, number] | null | string {
  const text = context + query;
  let end = 0;
  let joined = '';
  while (end < tokens.length && !joined.endsWith(text)) joined += tokens[end++]!;
  if (!joined.endsWith(text) || joined.length - text.length > maxBeginTokenLength) {
    return "the tokens of the answer do not form the prompt's text; give --tokenizer DIR to send token ids";
  }
  let start = end;
  let length = 0;
  while (start > 0 && length < query.length) length += tokens[--start]!.length;
  // A token with empty text is a part of a character that the next token completes: it may belong to context or query.
  return length === query.length && tokens[start - 1] !== '' ? [start, end] : null;
}

/** Prompts that differ only in the last word, to check the alignment of tokens and log-probabilities. */
export const alignmentProbe = { context: 'The answer is', queries: [' yes', ' no', ' blue'] } as const;

/** Largest difference of a log-probability between two requests. */
const logprobTolerance = 0.02;

/**
 * Checks that log-probabilities belong to the tokens at the same index. At the first differing token, the most likely
 * token must have the same log-probability in all answers, because the tokens before it are equal. If not, the values are
 * listed one token too early: llama.cpp's Python server does so for models without a special token at the beginning.
 * @param choices the answers to the prompts of {@link alignmentProbe}
 * @returns an error message, or null
 */
export function alignmentFault(choices: readonly Choice[]): string | null {
  const tokens = choices.map(({ logprobs }) => logprobs?.tokens ?? []);
  let at = 0;
  while (at < tokens[0]!.length && tokens.every((list) => list[at] === tokens[0]![at])) at++;
  const best = choices.map(({ logprobs }) => Math.max(...Object.values(logprobs?.top_logprobs?.[at] ?? {})));
  if (!best.every(Number.isFinite)) {
    return 'the answer lacks "top_logprobs" for a token of the prompt, which are needed to check the alignment';
  }
  if (Math.max(...best) - Math.min(...best) <= logprobTolerance) return null;
  return 'the answer lists each log-probability one token too early';
}

/** In characters; `<|begin_of_text|>` has 17. */
const maxBeginTokenLength = 32;

function finite(values: readonly (number | null)[]): number[] | string {
  const known = values.filter((value): value is number => value !== null && Number.isFinite(value));
  return known.length === values.length ? known : "the answer lacks the log-probability of one of the query's tokens";
}
