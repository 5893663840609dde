/** Maximum wait for an exhausted quota: the headers say when it is full again, but a part of it is back earlier. */
const maxQuotaWaitMs = 60_000;

/**
 * The wait that a server asks for, in milliseconds: OpenAI's `retry-after-ms`, or `Retry-After` in seconds or as a date.
 * Without either, a 429 names the exhausted quota by `x-ratelimit-remaining-…: 0` and `x-ratelimit-reset-…`.
 * @returns 0 if the server asks for no wait
 */
export function retryAfterMs({ status, headers }: Response): number {
  const exact = Number(headers.get('retry-after-ms') ?? Number.NaN);
  if (exact >= 0) return exact;
  const after = headers.get('retry-after')?.trim();
  if (after !== undefined) {
    const ms = /^\d+(\.\d+)?$/.test(after) ? Number(after) * 1000 : Date.parse(after) - Date.now();
    return Number.isFinite(ms) ? Math.max(0, ms) : 0;
  }
  if (status !== 429) return 0;
  const waits = ['requests', 'tokens']
    .filter((quota) => Number(headers.get(`x-ratelimit-remaining-${quota}`) ?? 1) <= 0)
    .map((quota) => durationMs(headers.get(`x-ratelimit-reset-${quota}`) ?? ''));
  return Math.min(maxQuotaWaitMs, Math.max(0, ...waits));
}

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Milliseconds of `6m0s`, `120ms` or `1h2m3.5s`; a plain number is seconds, any other text 0. */
function durationMs(text: string): number {
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1000;
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|[smhd])/g)];
  return parts.reduce((sum, [, number, unit]) => sum + Number(number) * unitMs[unit!]!, 0);
}
