import { describe, expect, it } from 'vitest';
import { InputError, InterruptedError } from '../../src/core/errors.js';
import { isTransientCode, isTransientStatus, TransientError, withRetries } from '../../src/io/retry.js';

const policy = { retries: 2, firstDelayMs: 1, maxDelayMs: 5, timeoutMs: 1000 };

/** Work that fails with one error per attempt, and then returns the number of attempts. */
function failing(...errors: Error[]): () => Promise<number> {
  let attempts = 0;
  return () => {
    const error = errors[attempts++];
    return error === undefined ? Promise.resolve(attempts) : Promise.reject(error);
  };
}

const busy = new TransientError('busy');

describe('withRetries', () => {
  it("retries a transient error up to the policy's limit", async () => {
    expect(await withRetries(failing(busy, busy), policy)).toBe(3);
    await expect(withRetries(failing(busy, busy, busy), policy)).rejects.toBe(busy);
    await expect(withRetries(failing(busy), { ...policy, retries: 0 })).rejects.toBe(busy);
  });

  it('does not retry other errors', async () => {
    for (const error of [new InputError('wrong'), new Error('defect'), new TypeError('fetch failed')])
      await expect(withRetries(failing(error), policy)).rejects.toBe(error);
  });

  it('calls onRetry before each retry, and ends with the error that it throws', async () => {
    const seen: string[] = [];
    const onRetry = ({ message }: TransientError): void => void seen.push(message);
    await expect(withRetries(failing(busy, busy, busy), policy, { onRetry })).rejects.toBe(busy);
    expect(seen).toEqual(['busy', 'busy']);
    const tooLong = new InputError('too long');
    const stop = (): never => {
      throw tooLong;
    };
    await expect(withRetries(failing(busy), policy, { onRetry: stop })).rejects.toBe(tooLong);
  });

  it('uses up no retry for an error that is not counted', async () => {
    let left = 3;
    expect(await withRetries(failing(busy, busy, busy, busy, busy), policy, { isCounted: () => left-- <= 0 })).toBe(6);
  });

  it('is ended by its signal, also during a delay', async () => {
    const stopped = AbortSignal.abort();
    await expect(withRetries(failing(), policy, { signal: stopped })).rejects.toThrow(InterruptedError);
    const stop = new AbortController();
    const onRetry = (): void => {
      stop.abort();
    };
    const slow = { ...policy, firstDelayMs: 60_000, maxDelayMs: 60_000 };
    await expect(withRetries(failing(busy), slow, { signal: stop.signal, onRetry })).rejects.toThrow(InterruptedError);
  });
});

describe('transient errors', () => {
  it('have these statuses', () => {
    expect([408, 425, 429, 500, 502, 503, 504, 529].filter((status) => !isTransientStatus(status))).toEqual([]);
    expect([200, 302, 400, 401, 403, 404, 413, 416, 422, 501].filter(isTransientStatus)).toEqual([]);
  });

  it('have these codes', () => {
    expect(['ECONNRESET', 'EAI_AGAIN', 'ENOENT', ''].map(isTransientCode)).toEqual([true, true, false, false]);
  });
});
