import { availableParallelism } from 'node:os';
import { InvalidArgumentError } from 'commander';
import type { Share } from '../core/shards.js';
import { withoutPassword } from '../io/redact.js';

interface Range {
  readonly from?: number;
  readonly to?: number;
  /** True: `from` itself is excluded. */
  readonly above?: boolean;
}

/** Returns a parser of whole numbers in a range. */
export function wholeNumber({ from = 0, to = Number.MAX_SAFE_INTEGER }: Range = {}): (value: string) => number {
  return (value) => {
    const number = Number(value);
    if (/^\d+$/.test(value.trim()) && Number.isSafeInteger(number) && number >= from && number <= to) return number;
    const range = to === Number.MAX_SAFE_INTEGER ? `from ${from}` : `from ${from} to ${to}`;
    throw new InvalidArgumentError(`expected a whole number ${range}, found "${value}".`);
  };
}

/** Returns a parser of decimal numbers in a range: 0.005, .5, 1.3e9. */
export function decimalNumber({ from = 0, to = Infinity, above = false }: Range = {}): (value: string) => number {
  return (value) => {
    const number = /^(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(value.trim()) ? Number(value) : NaN;
    if (Number.isFinite(number) && (above ? number > from : number >= from) && number <= to) return number;
    const low = above ? `above ${from}` : `from ${from}`;
    const range = to === Infinity ? low : `${low} to ${to}`;
    throw new InvalidArgumentError(`expected a number ${range}, found "${value}".`);
  };
}

/** Parses a whole number from 1. */
export const positive = wholeNumber({ from: 1 });

/** Parses a number above 0. */
export const positiveNumber = decimalNumber({ above: true });

/** Parses a comma-separated list without empty items; repetitions are dropped. */
export function list(value: string): string[] {
  const items = value.split(',').map((item) => item.trim());
  if (items.every((item) => item !== '')) return [...new Set(items)];
  throw new InvalidArgumentError(`expected names separated by commas, found "${value}".`);
}

/** Parses whole numbers from 1, separated by commas. */
export function counts(value: string): number[] {
  return list(value).map(positive);
}

/** Parses layers: `all`, or numbers (0 is the embeddings) separated by commas. */
export function layers(value: string): ('all' | number)[] {
  return list(value).map((item) => {
    if (item === 'all') return item;
    if (/^\d+$/.test(item)) return Number(item);
    throw new InvalidArgumentError(`expected "all" or layer numbers from 0, found "${item}".`);
  });
}

/** Parses one share of several: `2/8`. */
export function share(value: string): Share {
  const [number, count] = (/^([1-9]\d*)\/([1-9]\d*)$/.exec(value) ?? []).slice(1).map(Number);
  if (number !== undefined && count !== undefined && number <= count) return { number, count };
  throw new InvalidArgumentError(`expected I/N, as 2/8 for the second of eight shares, found "${value}".`);
}

/** Collects the values of an option that may be repeated. */
export function repeated(value: string, before: readonly string[] = []): string[] {
  return [...before, value];
}

/** One thread per core that this process may use. */
export const defaultThreads = availableParallelism();

/** The command line as typed, for records, without passwords in addresses. */
export function commandLine(): string {
  const quoted = process.argv
    .slice(2)
    .map(withoutPassword)
    .map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`));
  return ['sgpt-bench', ...quoted].join(' ');
}
