import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { hashEmbedding } from '../helpers/hash-encoder.js';

/** A fault of the server's next answer. */
export type Fault =
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly body?: string;
      readonly headers?: Record<string, string>;
    }
  | { readonly kind: 'html' }
  | { readonly kind: 'hang' }
  | { readonly kind: 'reset' }
  | { readonly kind: 'cut' }
  /** Changes the answer's text. */
  | { readonly kind: 'change'; readonly change: (answer: string) => string };

interface Request {
  readonly path: string;
  readonly authorization: string | undefined;
  readonly body: Record<string, unknown>;
  /** performance.now() of its arrival. */
  readonly at: number;
}

export interface OpenAiServer {
  /** `http://127.0.0.1:PORT/v1` */
  readonly url: string;
  readonly requests: Request[];
  /** Faults of the next requests, null for none; later requests are answered. */
  readonly faults: (Fault | null)[];
  /** Supported request styles for log-probabilities. */
  styles: ReadonlySet<'echo' | 'prompt-logprobs'>;
  /** True: a token's log-probability depends on all tokens before it, not on the last one alone. */
  seesAll: boolean;
  /** Limits of inputs or prompts per request, and of the sum of their lengths; beyond them, it answers 413. */
  maxInputs: number;
  maxLength: number;
  /** True: lists each log-probability one token too early, as llama.cpp's Python server does for some models. */
  isShifted: boolean;
  /** Added before the tokens of a text. */
  beginToken: string | null;
}

/** Starts a server of OpenAI's interface whose "models" are hash functions; it ends with the test. */
export async function startOpenAiServer(): Promise<OpenAiServer> {
  const state: OpenAiServer & { url: string } = {
    url: '',
    requests: [],
    faults: [],
    styles: new Set(['echo', 'prompt-logprobs']),
    seesAll: false,
    maxInputs: Infinity,
    maxLength: Infinity,
    isShifted: false,
    beginToken: null,
  };
  const server = createServer((request, response) => void answer(state, request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  state.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return state;
}

async function answer(state: OpenAiServer, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body = JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown>;
  const path = request.url ?? '';
  state.requests.push({ path, authorization: request.headers.authorization, body, at: performance.now() });
  const fault = state.faults.shift() ?? null;
  if (fault?.kind === 'hang') return;
  if (fault?.kind === 'reset') {
    request.socket.destroy();
    return;
  }
  const { status, text, headers } = replyTo(state, path, body, fault);
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(text);
}

interface Reply {
  readonly status: number;
  readonly text: string;
  readonly headers?: Record<string, string> | undefined;
}

function replyTo(state: OpenAiServer, path: string, body: Record<string, unknown>, fault: Fault | null): Reply {
  if (fault?.kind === 'status') return { status: fault.status, text: fault.body ?? '{}', headers: fault.headers };
  if (fault?.kind === 'html') return { status: 200, text: '<!doctype html><title>Hello</title>' };
  const known = path === '/v1/embeddings' || path === '/v1/completions';
  if (!known) return { status: 404, text: '{"error": {"message": "no such path"}}' };
  const contents = (body['input'] ?? body['prompt']) as (string | number[])[];
  if (contents.length > state.maxInputs || contents.reduce((sum, { length }) => sum + length, 0) > state.maxLength) {
    const message = `batch size ${contents.length} > maximum allowed batch size ${state.maxInputs}`;
    return { status: 413, text: JSON.stringify({ message, code: 413, type: 'validation' }) };
  }
  const result = path === '/v1/embeddings' ? embeddings(body) : completions(state, body);
  if (typeof result === 'string') return { status: 400, text: JSON.stringify({ error: { message: result } }) };
  const json = JSON.stringify(result);
  if (fault?.kind === 'cut') return { status: 200, text: json.slice(0, json.length / 2) };
  return { status: 200, text: fault?.kind === 'change' ? fault.change(json) : json };
}

function embeddings({ input }: Record<string, unknown>): object {
  const inputs = input as (string | number[])[];
  const data = inputs.map((text, index) => ({
    object: 'embedding',
    index,
    embedding: [...hashEmbedding(typeof text === 'string' ? text : text.join(' '))],
  }));
  const tokens = inputs.reduce((sum, { length }) => sum + length, 0);
  return { object: 'list', data: data.reverse(), usage: { prompt_tokens: tokens, total_tokens: tokens } };
}

/** Splits a text by GPT-2's regular expression, without merges: a token is a word, a number or punctuation. */
export function tokensOf(text: string): string[] {
  return text.match(/ ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+/gu) ?? [];
}

/** The log-probability of the most likely token after another. */
function bestLogprobOf(before: string | number): number {
  return logprobOf(before, 'best') / 100;
}

/** The "language model": the log-probability of a token after another. */
export function logprobOf(before: string | number, token: string | number): number {
  const hash = createHash('sha256')
    .update(JSON.stringify([before, token]))
    .digest();
  return -hash.readUInt16LE() / 4096;
}

function completions(state: OpenAiServer, body: Record<string, unknown>): object | string {
  const style = 'prompt_logprobs' in body ? 'prompt-logprobs' : 'echo';
  if (!state.styles.has(style)) return `this model does not know ${style}`;
  const prompts = body['prompt'] as (string | number[])[];
  const choices = prompts.map((prompt, index) => {
    const begin = state.beginToken === null ? [] : [state.beginToken];
    const tokens: (string | number)[] = typeof prompt === 'string' ? [...begin, ...tokensOf(prompt)] : prompt;
    const before = (i: number): string | number =>
      state.seesAll ? tokens.slice(0, i).join(' ') : tokens[state.isShifted ? i : i - 1]!;
    const values = tokens.map((token, i) => (i === 0 ? null : logprobOf(before(i), token)));
    if (style === 'prompt-logprobs') {
      const positions = tokens.map((token, i) =>
        i === 0 ? null : { [token]: { logprob: values[i] }, 99999: { logprob: -0.5, rank: 1 } },
      );
      return { index, text: '!', logprobs: null, prompt_logprobs: positions };
    }
    return {
      index,
      text: '',
      logprobs: {
        tokens: [...tokens.map(String), '!'],
        token_logprobs: [...values, -1],
        top_logprobs: [...tokens.map((_, i) => (i === 0 ? null : { best: bestLogprobOf(before(i)) })), { '!': -1 }],
      },
    };
  });
  const tokens = prompts.reduce((sum, { length }) => sum + length, 0);
  return { choices: choices.reverse(), usage: { prompt_tokens: tokens, total_tokens: tokens } };
}
