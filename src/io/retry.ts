import pRetry from 'p-retry';
import { messageOf, throwIfInterrupted } from '../core/errors.js';

/** How often, how fast and how long requests are retried: downloads, the model hub, hosted models, buckets. */
export interface RetryPolicy {
  /** Attempts after the first one. */
  readonly retries: number;
  /** Wait before the first retry. It doubles with each further one, and each is lengthened at random by up to itself. */
  readonly firstWaitMs: number;
  /** Upper limit of a wait. */
  readonly maxWaitMs: number;
  /** Timeout of one attempt. The attempt itself sees to it: the client knows whether it waits for a byte or for all. */
  readonly timeoutMs: number;
}

export const defaultRetryPolicy: RetryPolicy = {
  retries: 6,
  firstWaitMs: 1000,
  maxWaitMs: 30_000,
  timeoutMs: 60_000,
};

export interface TransientDetails {
  /** What else is known, for the final error: the server's own words. */
  readonly detail?: string;
  /** How long the server asks to wait, in milliseconds. */
  readonly retryAfterMs?: number;
  readonly cause?: unknown;
}

/** A failure that a retry may mend: a busy server, a broken connection. Any other error ends the work at once. */
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
  /** Ends the work and its waits with an InterruptedError. */
  readonly signal?: AbortSignal | undefined;
  /** Called with each failure that a retry follows; what it throws ends the work. */
  readonly onRetry?: ((error: TransientError) => void) | undefined;
  /** Whether a failure uses up one of the retries; by default each does. One that does not is retried without a wait. */
  readonly isCounted?: ((error: TransientError) => boolean) | undefined;
}

/**
 * Does work, and again after a {@link TransientError}, as often as the policy says.
 * @throws the last TransientError when no retry is left, any other error at once, and InterruptedError
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
      minTimeout: policy.firstWaitMs,
      maxTimeout: policy.maxWaitMs,
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

/** Whether an HTTP status may be another one on a retry: those above, and all of the server's errors but 501 Not Implemented. */
export function isTransientStatus(status: number): boolean {
  return transientStatuses.has(status) || (status >= 500 && status !== 501);
}

const transientCodes: ReadonlySet<string> = new Set([
  ...['ECONNREFUSED', 'ECONNRESET', 'ECONNABORTED', 'ETIMEDOUT', 'EPIPE', 'EPROTO'],
  ...['ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'EHOSTDOWN', 'ENETUNREACH', 'ENETDOWN'],
]);

/** Whether a system error's code is that of a connection that may work on a retry. */
export function isTransientCode(code: string): boolean {
  return transientCodes.has(code);
}

/** The message of an error of `fetch`, which says "fetch failed" and keeps the reason in `cause`. */
export function fetchMessageOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : undefined;
  return cause === undefined ? messageOf(error) : `${messageOf(error)}: ${cause.message || String(cause)}`;
}
