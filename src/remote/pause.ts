/** Longest pause for an allowance that is used up: headers say when all of it is back, and some is back before. */
const longestRefillMs = 60_000;

/**
 * How long a server asks to wait, in milliseconds: OpenAI's `retry-after-ms`, or `Retry-After` in seconds or as a date.
 * Without either, a 429 tells by `x-ratelimit-remaining-…: 0` and `x-ratelimit-reset-…` which allowance is used up.
 */
export function pauseOf({ status, headers }: Response): number {
  const exact = Number(headers.get('retry-after-ms') ?? Number.NaN);
  if (exact >= 0) return exact;
  const after = headers.get('retry-after')?.trim();
  if (after !== undefined) {
    const ms = /^\d+(\.\d+)?$/.test(after) ? Number(after) * 1000 : Date.parse(after) - Date.now();
    return Number.isFinite(ms) ? Math.max(0, ms) : 0;
  }
  if (status !== 429) return 0;
  const waits = ['requests', 'tokens']
    .filter((what) => Number(headers.get(`x-ratelimit-remaining-${what}`) ?? 1) <= 0)
    .map((what) => durationMs(headers.get(`x-ratelimit-reset-${what}`) ?? ''));
  return Math.min(longestRefillMs, Math.max(0, ...waits));
}

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Milliseconds of `6m0s`, `120ms` or `1h2m3.5s`; a number alone is seconds, and what is neither is 0. */
function durationMs(text: string): number {
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1000;
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|[smhd])/g)];
  return parts.reduce((sum, [, number, unit]) => sum + Number(number) * unitMs[unit!]!, 0);
}
