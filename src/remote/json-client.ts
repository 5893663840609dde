import { setTimeout as sleep } from 'node:timers/promises';
import type { z } from 'zod';
import { InputError, throwIfInterrupted } from '../core/errors.js';
import { defaultRetryPolicy, isTransientStatus, TransientError, withRetries, type RetryPolicy } from '../io/retry.js';
import type { Endpoint } from './endpoint.js';
import { innermostReason, parseAnswer, readText, shortMessage } from './json-answer.js';
import { retryAfterMs } from './retry-after.js';

/** A hosted model may compute for minutes. */
export const defaultRemoteRetry: RetryPolicy = { ...defaultRetryPolicy, timeoutMs: 180_000 };

/** A longer Retry-After ends the run. */
const maxRetryAfterMs = 600_000;

export interface JsonClientOptions {
  /** The timeout limits the complete answer. */
  readonly retry: RetryPolicy;
  /** Called once per distinct error that is retried. */
  readonly onNote: (message: string) => void;
}

/** An unusable answer: the server does not support this kind of request, or refuses it. */
export class AnswerError extends InputError {}

/** The server refuses the content of a request; it may accept a smaller one. */
export class RefusedError extends AnswerError {}

/** OpenAI: 400; text-embeddings-inference: 413 for too many or too long texts; others: 422. */
const refusalStatuses: ReadonlySet<number> = new Set([400, 413, 422]);

/** Posts JSON to an endpoint, and retries transient errors. */
export class JsonClient {
  readonly #endpoint: Endpoint;
  readonly #options: JsonClientOptions;
  readonly #noted = new Set<string>();
  /** The server asks for no requests before this time (performance.now). */
  #pausedUntil = 0;
  /** True after the first answer. Before it, a connection error means a wrong URL, not a busy server. */
  #hasAnswered = false;

  constructor(endpoint: Endpoint, options: JsonClientOptions) {
    this.#endpoint = endpoint;
    this.#options = options;
  }

  /**
   * @param path appended to the endpoint's URL: `/embeddings`
   * @returns the answer, checked against the schema
   * @throws InputError for a refusal, an unusable answer, or if no retry is left; InterruptedError
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
        `${this.#endpoint.url}${path}: ${error.message}${error.detail === '' ? '' : ` (${error.detail})`}; ` +
          `${retry.retries + 1} attempts failed, received answers are cached; run the same command again to go on, ` +
          'with a lower --batch-size if large requests fail',
        { cause: error },
      );
    }
  }

  /** Delays all requests as long as the server asks, and notes the first error of a kind. */
  #pause({ message, retryAfterMs }: TransientError): void {
    if (retryAfterMs > maxRetryAfterMs) {
      throw new InputError(
        `${this.#endpoint.url}: ${message} and asks to wait for ${Math.ceil(retryAfterMs / 1000)} s; ` +
          'received answers are cached: run the same command again later to go on',
      );
    }
    this.#pausedUntil = Math.max(this.#pausedUntil, performance.now() + retryAfterMs);
    if (this.#noted.has(message)) return;
    this.#noted.add(message);
    this.#options.onNote(`${this.#endpoint.host}: ${message}; trying again (noted only once)`);
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
      this.#hasAnswered = true;
      text = await readText(response);
    } catch (error) {
      if (error instanceof InputError) throw error;
      throwIfInterrupted(signal);
      if (timeout.aborted) throw new TransientError(`sends no complete answer within ${timeoutMs / 1000} s`);
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
    if (this.#hasAnswered) return new TransientError(`cannot be reached, or closes the connection (${reason})`);
    if (!/ENOTFOUND|ECONNREFUSED|EAI_AGAIN|CERT|certificate|bad port/i.test(reason)) {
      return new TransientError(`cannot be reached (${reason})`);
    }
    return new InputError(
      `${this.#endpoint.url}: cannot be reached (${reason}); check --endpoint and that the server is running`,
    );
  }

  #read<T>(url: string, response: Response, text: string, schema: z.ZodType<T>): T {
    if (!response.ok) throw this.#refusal(url, response, text);
    if (/^\s*</.test(text) || (response.headers.get('content-type') ?? '').includes('html')) {
      throw new InputError(
        `${url}: answers with HTML, expected JSON; --endpoint must be the URL of the interface, not of a web page`,
      );
    }
    const result = schema.safeParse(parseAnswer(url, text));
    if (result.success) return result.data;
    const issue = result.error.issues[0];
    const field = issue === undefined || issue.path.length === 0 ? 'the top level' : `field "${issue.path.join('.')}"`;
    throw new AnswerError(
      `${url}: the answer's ${field}: ${issue?.message ?? 'does not match'}; is it an OpenAI-compatible server?`,
    );
  }

  /** The error for a status other than 2xx. */
  #refusal(url: string, response: Response, text: string): Error {
    const { status } = response;
    const message = shortMessage(text, (plain) => this.#endpoint.key?.redact(plain) ?? plain);
    const answer = `answers ${status}${message === '' ? '' : ` (${message})`}`;
    const hint = hints[status];
    if (hint !== undefined) return new InputError(`${url}: ${answer}; ${hint}`);
    if (status >= 300 && status < 400) {
      return new InputError(`${url}: ${answer}, a redirect; give its target as --endpoint`);
    }
    // OpenAI's 429 for an account without credit, where a retry does not help.
    if (text.includes('insufficient_quota'))
      return new InputError(`${url}: ${answer}; the account has no credit left: add credit, or use another key`);
    if (isTransientStatus(status))
      return new TransientError(`answers ${status}`, { retryAfterMs: retryAfterMs(response), detail: message });
    return new (refusalStatuses.has(status) ? RefusedError : AnswerError)(`${url}: ${answer}`);
  }
}

const hints: Readonly<Record<number, string>> = {
  401: 'the key is missing or wrong: set OPENAI_API_KEY, or name another variable with --api-key-env',
  403: 'the key has no permission: set another OPENAI_API_KEY, or name another variable with --api-key-env',
  404: "check the model's name, and that --endpoint is the base of the paths, such as http://localhost:8000/v1",
};
