import { setTimeout as sleep } from 'node:timers/promises';
import type { z } from 'zod';
import { InputError, throwIfInterrupted } from '../core/errors.js';
import { defaultRetryPolicy, isTransientStatus, TransientError, withRetries, type RetryPolicy } from '../io/retry.js';
import type { Endpoint } from './endpoint.js';
import { innermostReason, parseAnswer, readText, shortMessage } from './json-answer.js';
import { pauseOf } from './pause.js';

/** A hosted model may compute for minutes. */
export const defaultRemoteRetry: RetryPolicy = { ...defaultRetryPolicy, timeoutMs: 180_000 };

/** The longest Retry-After that is waited for. */
const maxRetryAfterMs = 600_000;

export interface JsonClientOptions {
  /** Its timeout is for a whole answer. */
  readonly retry: RetryPolicy;
  /** Called once for each kind of failure that is retried. */
  readonly onNote: (message: string) => void;
}

/** The server answers, but not with what it was asked for: it does not know this kind of request, or refuses it. */
export class AnswerError extends InputError {}

/** The server refuses this request because of its content: it may accept a smaller one. */
export class RefusedError extends AnswerError {}

/** OpenAI: 400; text-embeddings-inference: 413 for too many texts and for a text too long; others: 422. */
const refusingStatuses: ReadonlySet<number> = new Set([400, 413, 422]);

/** Posts JSON to an endpoint and retries transient failures. */
export class JsonClient {
  readonly #endpoint: Endpoint;
  readonly #options: JsonClientOptions;
  readonly #noted = new Set<string>();
  /** Before this time (performance.now), the server wants no request at all. */
  #pausedUntil = 0;
  /** Whether the server has ever answered; if it never has, suspect a wrong URL, not a busy server. */
  #answered = false;

  constructor(endpoint: Endpoint, options: JsonClientOptions) {
    this.#endpoint = endpoint;
    this.#options = options;
  }

  /**
   * @param path below the endpoint's URL, `/embeddings`
   * @returns the answer, which fits the schema
   * @throws InputError for a refusal, an unusable answer, or when no retry is left; InterruptedError
   */
  async post<T>(path: string, body: object, schema: z.ZodType<T>, signal?: AbortSignal): Promise<T> {
    const { retry } = this.#options;
    const json = JSON.stringify(body);
    try {
      return await withRetries(() => this.#attempt(path, json, schema, signal), retry, {
        signal,
        onRetry: (error) => {
          this.#pause(error);
        },
      });
    } catch (error) {
      if (!(error instanceof TransientError)) throw error;
      throw new InputError(
        `${this.#endpoint.url}${path}: ${error.message}${error.detail === '' ? '' : ` (${error.detail})`}, ${retry.retries + 1} times; ` +
          'what has arrived before is kept: run the same command again to go on, with a lower --batch-size if the server ' +
          'fails at large requests',
        { cause: error },
      );
    }
  }

  /** Notes a failure, and holds all requests back for as long as the server asks. */
  #pause({ message, retryAfterMs }: TransientError): void {
    if (retryAfterMs > maxRetryAfterMs) {
      throw new InputError(
        `${this.#endpoint.url}: ${message} and asks to wait for ${Math.ceil(retryAfterMs / 1000)} s; ` +
          'what has arrived is kept: run the same command again later to go on',
      );
    }
    this.#pausedUntil = Math.max(this.#pausedUntil, performance.now() + retryAfterMs);
    if (this.#noted.has(message)) return;
    this.#noted.add(message);
    this.#options.onNote(`${this.#endpoint.host}: ${message}; trying again, now and from here on`);
  }

  async #attempt<T>(path: string, body: string, schema: z.ZodType<T>, signal?: AbortSignal): Promise<T> {
    for (let wait; (wait = this.#pausedUntil - performance.now()) > 0;) {
      await sleep(wait, undefined, signal === undefined ? {} : { signal });
    }
    const { timeoutMs } = this.#options.retry;
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
      if (timeout.aborted) throw new TransientError(`gave no whole answer within ${timeoutMs / 1000} s`);
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
    const reason = innermostReason(error);
    if (this.#answered) return new TransientError(`cannot be reached or broke off (${reason})`);
    if (!/ENOTFOUND|ECONNREFUSED|EAI_AGAIN|CERT|certificate|bad port/i.test(reason)) {
      return new TransientError(`cannot be reached (${reason})`);
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
    const result = schema.safeParse(parseAnswer(url, text));
    if (result.success) return result.data;
    const issue = result.error.issues[0];
    const field = issue === undefined || issue.path.length === 0 ? 'the top level' : `field "${issue.path.join('.')}"`;
    throw new AnswerError(
      `${url}: the answer's ${field}: ${issue?.message ?? 'does not fit'}; is it an OpenAI-compatible server?`,
    );
  }

  /** The error for a status other than 2xx. */
  #refusal(url: string, response: Response, text: string): Error {
    const { status } = response;
    const said = shortMessage(text, (plain) => this.#endpoint.key?.redact(plain) ?? plain);
    const answer = `answers ${status}${said === '' ? '' : ` (${said})`}`;
    const hint = hints[status];
    if (hint !== undefined) return new InputError(`${url}: ${answer}; ${hint}`);
    if (status >= 300 && status < 400) {
      return new InputError(`${url}: ${answer}, a redirection; give the address it leads to as --endpoint`);
    }
    // OpenAI's answer where the account has no money left: waiting does not help.
    if (text.includes('insufficient_quota'))
      return new InputError(`${url}: ${answer}; the account has nothing left to spend`);
    if (isTransientStatus(status))
      return new TransientError(`answers ${status}`, { retryAfterMs: pauseOf(response), detail: said });
    return new (refusingStatuses.has(status) ? RefusedError : AnswerError)(`${url}: ${answer}`);
  }
}

const hints: Readonly<Record<number, string>> = {
  401: 'the key is missing or wrong: set OPENAI_API_KEY, or name another variable with --api-key-env',
  403: 'the key may not use this: set OPENAI_API_KEY, or name another variable with --api-key-env',
  404: 'is the model spelt right, and is --endpoint the base of the paths, like http://localhost:8000/v1?',
};
