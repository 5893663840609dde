import { availableParallelism } from 'node:os';
import { InvalidArgumentError } from 'commander';
import type { Share } from '../core/shards.js';
import { withoutPassword } from '../io/redact.js';

/** A whole number from 1. */
export function positive(value: string): number {
  const number = Number(value);
  if (/^\d+$/.test(value.trim()) && Number.isSafeInteger(number) && number >= 1) return number;
  throw new InvalidArgumentError(`expected a whole number from 1, found "${value}".`);
}

/** A number above 0, 1.3e9 for one. */
export function positiveNumber(value: string): number {
  const number = Number(value);
  if (value.trim() !== '' && Number.isFinite(number) && number > 0) return number;
  throw new InvalidArgumentError(`expected a number above 0, found "${value}".`);
}

/** A comma-separated list without empty items. */
export function list(value: string): string[] {
  const items = value.split(',').map((item) => item.trim());
  if (items.every((item) => item !== '')) return [...new Set(items)];
  throw new InvalidArgumentError(`expected names separated by commas, found "${value}".`);
}

/** Hidden states: `all`, or numbers (0 is the embeddings) separated by commas. */
export function layers(value: string): ('all' | number)[] {
  return list(value).map((item) => {
    if (item === 'all') return item;
    if (/^\d+$/.test(item)) return Number(item);
    throw new InvalidArgumentError(`expected "all" or layer numbers from 0, found "${item}".`);
  });
}

/** One part of several: `2/8`. */
export function share(value: string): Share {
  const [number, count] = (/^([1-9]\d*)\/([1-9]\d*)$/.exec(value) ?? []).slice(1).map(Number);
  if (number !== undefined && count !== undefined && number <= count) return { number, count };
  throw new InvalidArgumentError(`expected I/N, as 2/8 for the second of eight shares, found "${value}".`);
}

/** One thread a core that this process may use. */
export const defaultThreads = availableParallelism();

/** The command line as a user would type it, for records: without passwords of addresses. */
export function commandLine(): string {
  const quoted = process.argv
    .slice(2)
    .map(withoutPassword)
    .map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`));
  return ['sgpt-bench', ...quoted].join(' ');
}

/** For options that may be given again. */
export function repeated(value: string, before: readonly string[] = []): string[] {
  return [...before, value];
}
