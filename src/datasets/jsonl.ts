import type { Hash } from 'node:crypto';
import { InputError, messageOf } from '../core/errors.js';
import { valueText } from '../core/printable.js';
import { lineBlocks } from '../io/lines.js';

/** A line of a JSON Lines file. */
export interface JsonLine {
  /** Number of the line, from 1. */
  readonly line: number;
  /** Byte range of the line in the (decompressed) file, without its terminator. */
  readonly offset: number;
  readonly length: number;
  readonly value: Readonly<Record<string, unknown>>;
}

const newline = 0x0a;
const carriageReturn = 0x0d;

/** JSON's white space; a line of other white space is an error. */
const blank = /^[\t\r ]*$/;

/**
 * Streams a JSON Lines file, plain or gzip, in batches and in bounded memory. Skips blank lines.
 * @param hash is updated with the file's text, without a byte order mark
 * @param maxLineBytes longest line allowed
 * @throws InputError naming the line that is not a JSON object
 */
export async function* jsonLines(path: string, hash?: Hash, maxLineBytes?: number): AsyncGenerator<JsonLine[]> {
  for await (const { bytes, firstLine, offset } of lineBlocks(path, maxLineBytes)) {
    hash?.update(bytes);
    const batch: JsonLine[] = [];
    let line = firstLine;
    for (let start = 0; start < bytes.length; line++) {
      const at = bytes.indexOf(newline, start);
      const next = at < 0 ? bytes.length : at + 1;
      let end = at < 0 ? bytes.length : at;
      if (end > start && bytes[end - 1] === carriageReturn) end--;
      const text = end === start ? '' : bytes.toString('utf8', start, end);
      if (!blank.test(text)) {
        batch.push({ line, offset: offset + start, length: end - start, value: parseObject(text, path, line) });
      }
      start = next;
    }
    yield batch;
  }
}

/** Parses a line. @throws InputError unless it is one JSON object */
export function parseObject(text: string, path: string, line: number): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new InputError(`${path}: line ${line} is not valid JSON (${messageOf(error)}); expected one object per line`);
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new InputError(`${path}: line ${line} is not a JSON object; expected {"_id": …, "text": …}`);
}

/** The `_id` of a line as a string; some data sets write numbers. */
export function idOf({ value, line }: Pick<JsonLine, 'value' | 'line'>, path: string): string {
  const id = value['_id'];
  if (typeof id === 'string' && id !== '') return id;
  if (typeof id === 'number' && Number.isSafeInteger(id)) return String(id);
  const found = id === undefined ? 'has no "_id"' : `has the "_id" ${valueText(id)}`;
  throw new InputError(`${path}: line ${line} ${found}; expected a non-empty string`);
}

/** A text field. Null is read as "" (Robust04's titles are null), and so is a missing field unless it is required. */
export function textOf(
  { value, line }: Pick<JsonLine, 'value' | 'line'>,
  field: 'title' | 'text',
  path: string,
  required: boolean,
): string {
  const text = value[field];
  if (typeof text === 'string') return text;
  if (text === null || (text === undefined && !required)) return '';
  const found = text === undefined ? `has no "${field}"` : `has a "${field}" that is not a string`;
  throw new InputError(`${path}: line ${line} ${found}; expected a string`);
}
