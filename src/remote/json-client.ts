import { setTimeout as sleep } from 'node:timers/promises';
import pRetry from 'p-retry';
import type { z } from 'zod';
import { InputError, messageOf, throwIfInterrupted } from '../core/errors.js';
import type { Endpoint } from './endpoint.js';
import { pauseOf } from './pause.js';

/** How patient requests are. */
export interface RequestPatience {
  /** Tries after the first one. */
  readonly retries: number;
  /** Wait before the first retry; it doubles from one to the next, up to half a minute, and is spread at random. */
  readonly firstWaitMs: number;
  /** A request without a whole answer after so long is given up. */
  readonly timeoutMs: number;
  /** The longest Retry-After that is waited for. */
  readonly longestPauseMs: number;
}

export const usualRequestPatience: RequestPatience = {
  retries: 6,
  firstWaitMs: 1000,
  timeoutMs: 180_000,
  longestPauseMs: 600_000,
};

export interface JsonClientOptions {
  readonly patience: RequestPatience;
  /** Told once of each kind of failure that is tried again. */
  readonly onNote: (message: string) => void;
}

/** The server answers, but not with what it was asked for: it does not know this kind of request, or refuses it. */
export class AnswerError extends InputError {}

/** The server refuses this request for what is in it: it may take a smaller one. */
export class RefusedError extends AnswerError {}

/** Something that may go better the next time. */
class PassingFault extends Error {
  override readonly name = 'PassingFault';
  constructor(
    message: string,
    readonly pauseMs = 0,
    /** What the server said. */
    readonly said = '',
  ) {
    super(message);
  }
}

/** OpenAI: 400; text-embeddings-inference: 413 for too many texts and for a text too long; others: 422. */
const refusingStatuses: ReadonlySet<number> = new Set([400, 413, 422]);

const passingStatuses: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504, 529]);
const longestWaitMs = 30_000;
/** More than any answer to a request of this program: a server that sends more is not trusted with memory. */
const mostBytes = 1 << 28;

/** Posts JSON to an endpoint and tries again what may pass. */
export class JsonClient {
  readonly #endpoint: Endpoint;
  readonly #options: JsonClientOptions;
  readonly #noted = new Set<string>();
  /** Before this time (performance.now), the server wants no request at all. */
  #pausedUntil = 0;
  /** Whether the server has ever answered: a server that never did is rather misspelt than busy. */
  #answered = false;

  constructor(endpoint: Endpoint, options: JsonClientOptions) {
    this.#endpoint = endpoint;
    this.#options = options;
  }

  /**
   * @param path below the endpoint's URL, `/embeddings`
   * @returns the answer, which fits the schema
   * @throws InputError for a refusal, an answer that is none, or a failure that does not pass; InterruptedError
   */
  async post<T>(path: string, body: object, schema: z.ZodType<T>, signal?: AbortSignal): Promise<T> {
    const { retries, firstWaitMs } = this.#options.patience;
    const json = JSON.stringify(body);
    throwIfInterrupted(signal);
    try {
      return await pRetry(() => this.#attempt(path, json, schema, signal), {
        retries,
        minTimeout: firstWaitMs,
        maxTimeout: longestWaitMs,
        randomize: true,
        shouldRetry: ({ error }) => error instanceof PassingFault,
        onFailedAttempt: ({ error, retriesLeft }) => {
          if (error instanceof PassingFault && retriesLeft > 0) this.#pause(error);
        },
        ...(signal === undefined ? {} : { signal }),
      });
    } catch (error) {
      throwIfInterrupted(signal);
      if (!(error instanceof PassingFault)) throw error;
      throw new InputError(
        `${this.#endpoint.url}${path}: ${error.message}${error.said === '' ? '' : ` (${error.said})`}, ${retries + 1} times; ` +
          'what has arrived before is kept: run the same command again to go on, with a lower --batch-size if the server ' +
          'fails at large requests',
        { cause: error },
      );
    }
  }

  /** Notes a failure, and holds all requests back for as long as the server asks. */
  #pause({ message, pauseMs }: PassingFault): void {
    if (pauseMs > this.#options.patience.longestPauseMs) {
      throw new InputError(
        `${this.#endpoint.url}: ${message} and asks to wait for ${Math.ceil(pauseMs / 1000)} s; ` +
          'what has arrived is kept: run the same command again later to go on',
      );
    }
    this.#pausedUntil = Math.max(this.#pausedUntil, performance.now() + pauseMs);
    if (this.#noted.has(message)) return;
    this.#noted.add(message);
    this.#options.onNote(`${this.#endpoint.host}: ${message}; trying again, now and from here on`);
  }

  async #attempt<T>(path: string, body: string, schema: z.ZodType<T>, signal?: AbortSignal): Promise<T> {
    for (let wait; (wait = this.#pausedUntil - performance.now()) > 0;) {
      await sleep(wait, undefined, signal === undefined ? {} : { signal });
    }
    const { timeoutMs } = this.#options.patience;
    const timeout = AbortSignal.timeout(timeoutMs);
    let response: Response;
    let text: string;
    try {
      const signals = signal === undefined ? [timeout] : [timeout, signal];
      response = await this.#send(path, body, AbortSignal.any(signals));
      this.#answered = true;
      text = await readText(response);
    } catch (error) {
      if (error instanceof InputError) throw error;
      throwIfInterrupted(signal);
      if (timeout.aborted) throw new PassingFault(`gave no whole answer within ${timeoutMs / 1000} s`);
      throw this.#connectionFault(error);
    }
    return this.#read(`${this.#endpoint.url}${path}`, response, text, schema);
  }

  #send(path: string, body: string, signal: AbortSignal): Promise<Response> {
    const { url, key } = this.#endpoint;
    const headers: Record<string, string> = { 'content-type': 'application/json', accept: 'application/json' };
    if (key !== null) headers['authorization'] = key.header;
    return fetch(`${url}${path}`, { method: 'POST', headers, body, signal, redirect: 'manual' });
  }

  #connectionFault(error: unknown): Error {
    const reason = reasonOf(error);
    if (this.#answered) return new PassingFault(`cannot be reached or broke off (${reason})`);
    if (!/ENOTFOUND|ECONNREFUSED|EAI_AGAIN|CERT|certificate|bad port/i.test(reason)) {
      return new PassingFault(`cannot be reached (${reason})`);
    }
    return new InputError(
      `${this.#endpoint.url}: cannot be reached (${reason}); is --endpoint right, and does it run?`,
    );
  }

  #read<T>(url: string, response: Response, text: string, schema: z.ZodType<T>): T {
    if (!response.ok) throw this.#refusal(url, response, text);
    if (/^\s*</.test(text) || (response.headers.get('content-type') ?? '').includes('html')) {
      throw new InputError(
        `${url}: answers with HTML, expected JSON; --endpoint is the address of the interface, not of a page`,
      );
    }
    const value = parseAnswer(url, text);
    const result = schema.safeParse(value);
    if (result.success) return result.data;
    const issue = result.error.issues[0];
    const field = issue === undefined || issue.path.length === 0 ? 'the top level' : `field "${issue.path.join('.')}"`;
    throw new AnswerError(
      `${url}: the answer's ${field}: ${issue?.message ?? 'does not fit'}; is it an OpenAI-compatible server?`,
    );
  }

  /** What a status other than 2xx means. */
  #refusal(url: string, response: Response, text: string): Error {
    const { status } = response;
    const said = this.#quote(text);
    const answer = `answers ${status}${said === '' ? '' : ` (${said})`}`;
    const hint = hints[status];
    if (hint !== undefined) return new InputError(`${url}: ${answer}; ${hint}`);
    if (status >= 300 && status < 400) {
      return new InputError(`${url}: ${answer}, a redirection; give the address it leads to as --endpoint`);
    }
    // OpenAI's answer where the account has no money left: waiting does not help.
    if (text.includes('insufficient_quota'))
      return new InputError(`${url}: ${answer}; the account has nothing left to spend`);
    if (passingStatuses.has(status)) return new PassingFault(`answers ${status}`, pauseOf(response), said);
    return new (refusingStatuses.has(status) ? RefusedError : AnswerError)(`${url}: ${answer}`);
  }

  /** The message of an answer, short, in one line and without the key. */
  #quote(text: string): string {
    if (/^\s*</.test(text)) return 'a page of HTML';
    const message = /"(?:message|detail|error|msg)"\s*:\s*("(?:[^"\\]|\\.)*")/.exec(text)?.[1];
    const plain = message === undefined ? text : String(parsedOr(message, text));
    const line = (this.#endpoint.key?.redact(plain) ?? plain).replace(/[\s\x00-\x1f\x7f]+/g, ' ').trim();
    return line.length > 300 ? `${line.slice(0, 300)}…` : line;
  }
}

const hints: Readonly<Record<number, string>> = {
  401: 'the key is missing or wrong: set OPENAI_API_KEY, or name another variable with --api-key-env',
  403: 'the key may not use this: set OPENAI_API_KEY, or name another variable with --api-key-env',
  404: 'is the model spelt right, and is --endpoint the base of the paths, like http://localhost:8000/v1?',
};

/** @throws PassingFault for JSON that was cut off, InputError for numbers that JSON does not have */
function parseAnswer(url: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    if (/[[:,]\s*-?(NaN|Infinity)\b/.test(text)) {
      throw new InputError(
        `${url}: the answer has NaN or Infinity where a number is expected; the model does not work there`,
      );
    }
    throw new PassingFault('sends JSON that is cut off or broken');
  }
}

function parsedOr(json: string, other: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return other;
  }
}

async function readText({ body, url }: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of (body ?? []) as AsyncIterable<Uint8Array>) {
    bytes += chunk.length;
    if (bytes > mostBytes) throw new InputError(`${url}: the answer is longer than ${mostBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** The innermost reason of a failed fetch: its own message is always "fetch failed". */
function reasonOf(error: unknown): string {
  let inner = error;
  while (inner instanceof Error && inner.cause instanceof Error) inner = inner.cause;
  const message = messageOf(inner);
  const code = inner instanceof Error ? (inner as NodeJS.ErrnoException).code : undefined;
  return message === '' || (code !== undefined && !message.includes(code))
    ? `${code ?? 'no reason'} ${message}`.trim()
    : message;
}
