import { InputError } from '../../core/errors.js';
import type { Feeds } from './messages.js';

/** How long a model process may be silent while it has work. */
export interface ProgressLimit {
  readonly baseSeconds: number;
  readonly secondsPerToken: number;
}

/** Environment variable with another `baseSeconds`. */
const variable = 'SGPT_BENCH_MODEL_TIMEOUT';

/**
 * Five minutes: the first run may have to read all weights from a slow disk. And one second per token, which grows with the
 * text: a model of 6 billion parameters takes 0.05 s per token on one thread, so this is 20 times as much.
 */
const defaultLimit: ProgressLimit = { baseSeconds: 300, secondsPerToken: 1 };
/** A process that opens a session reads and packs all weights, 23 GB for the largest model: so many times `baseSeconds`. */
const openingFactor = 6;

/** The limit; the variable's value is in seconds. @throws InputError for a value that is not a number above 0 */
export function progressLimit(env: Readonly<Record<string, string | undefined>> = process.env): ProgressLimit {
  const text = env[variable]?.trim() ?? '';
  if (text === '') return defaultLimit;
  const baseSeconds = Number(text);
  if (Number.isFinite(baseSeconds) && baseSeconds > 0) return { ...defaultLimit, baseSeconds };
  throw new InputError(`${variable}: found "${text}"; expected a number of seconds above 0`);
}

/** Seconds until a process that has this work must have finished a part of it. */
export function secondsFor({ baseSeconds, secondsPerToken }: ProgressLimit, work: Iterable<Feeds>): number {
  let tokens = 0;
  for (const feeds of work) tokens += feeds['ids']?.data.length ?? 0;
  return baseSeconds + secondsPerToken * tokens;
}

/** Seconds until a session must be open. */
export function secondsToOpen({ baseSeconds }: ProgressLimit): number {
  return openingFactor * baseSeconds;
}
