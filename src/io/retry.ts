import pRetry from 'p-retry';
import { messageOf, throwIfInterrupted } from '../core/errors.js';

/** Retries and timeout of requests: downloads, the model hub, hosted models, buckets. */
export interface RetryPolicy {
  /** Attempts after the first one. */
  readonly retries: number;
  /** Delay before the first retry. It doubles with each retry, and a random factor from 1 to 2 applies to each. */
  readonly firstDelayMs: number;
  /** Upper limit of a delay. */
  readonly maxDelayMs: number;
  /** Timeout of one attempt. The attempt enforces it: only the client knows if it limits the whole response or a pause. */
  readonly timeoutMs: number;
}

export const defaultRetryPolicy: RetryPolicy = {
  retries: 6,
  firstDelayMs: 1000,
  maxDelayMs: 30_000,
  timeoutMs: 60_000,
};

export interface TransientDetails {
  /** The server's own message, for the final error. */
  readonly detail?: string;
  /** Delay that the server asks for. */
  readonly retryAfterMs?: number;
  readonly cause?: unknown;
}

/** An error after which a retry may succeed: a busy server, a broken connection. */
export class TransientError extends Error {
  override readonly name = 'TransientError';
  readonly detail: string;
  readonly retryAfterMs: number;

  constructor(message: string, { detail = '', retryAfterMs = 0, cause }: TransientDetails = {}) {
    super(message, cause === undefined ? {} : { cause });
    this.detail = detail;
    this.retryAfterMs = retryAfterMs;
  }
}

export interface RetryOptions {
  /** Ends the work or a delay with an InterruptedError. */
  readonly signal?: AbortSignal | undefined;
  /** Called before each retry; an error that it throws ends the work. */
  readonly onRetry?: ((error: TransientError) => void) | undefined;
  /** False for an error that uses up no retry, and is retried without a delay. Default: every error counts. */
  readonly isCounted?: ((error: TransientError) => boolean) | undefined;
}

/**
 * Does work, and retries it after a {@link TransientError}.
 * @throws the last TransientError if no retry is left, any other error at once, and InterruptedError
 */
export async function withRetries<T>(
  work: () => Promise<T>,
  policy: RetryPolicy,
  { signal, onRetry, isCounted }: RetryOptions = {},
): Promise<T> {
  throwIfInterrupted(signal);
  try {
    return await pRetry(work, {
      retries: policy.retries,
      minTimeout: policy.firstDelayMs,
      maxTimeout: policy.maxDelayMs,
      randomize: true,
      shouldRetry: ({ error }) => error instanceof TransientError,
      onFailedAttempt({ error, retriesLeft }) {
        if (error instanceof TransientError && retriesLeft > 0) onRetry?.(error);
      },
      shouldConsumeRetry: ({ error }) => !(error instanceof TransientError) || (isCounted?.(error) ?? true),
      ...(signal === undefined ? {} : { signal }),
    });
  } catch (error) {
    throwIfInterrupted(signal);
    throw error;
  }
}

/** 408 Request Timeout, 425 Too Early, 429 Too Many Requests. */
const transientStatuses: ReadonlySet<number> = new Set([408, 425, 429]);

/** True for HTTP statuses that a retry may change: those above, and all 5xx except 501 Not Implemented. */
export function isTransientStatus(status: number): boolean {
  return transientStatuses.has(status) || (status >= 500 && status !== 501);
}

const transientCodes: ReadonlySet<string> = new Set([
  ...['ECONNREFUSED', 'ECONNRESET', 'ECONNABORTED', 'ETIMEDOUT', 'EPIPE', 'EPROTO'],
  ...['ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'EHOSTDOWN', 'ENETUNREACH', 'ENETDOWN'],
]);

/** True for system error codes of connections that may work on a retry. */
export function isTransientCode(code: string): boolean {
  return transientCodes.has(code);
}

/** The message of an error of `fetch` with its reason, which `fetch` keeps in `cause`. */
export function fetchMessageOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : undefined;
  return cause === undefined ? messageOf(error) : `${messageOf(error)}: ${cause.message || String(cause)}`;
}
