import { join } from 'node:path';
import { InputError } from '../../core/errors.js';
import { kindOf, sha256, sha256OfFile } from '../../io/files.js';
import { pythonStrip } from '../../core/text.js';
import { delimitedRows } from '../delimited.js';

/** A row of a tab-separated file. */
export interface TabRow {
  readonly fields: readonly string[];
  /** `FILE: line N`, for messages. */
  readonly where: string;
}

/**
 * Streams a tab-separated file without quoting. Skips blank lines, where UKPLab/useb stops.
 * @throws InputError for a file that cannot be read
 */
export async function* tabRows(path: string): AsyncGenerator<TabRow> {
  for await (const rows of delimitedRows(path, { delimiter: '\t', quoting: false })) {
    for (const { line, fields } of rows)
      if (fields.some((field) => pythonStrip(field) !== '')) yield { fields, where: `${path}: line ${line}` };
  }
}

/** Removes blank fields at both ends, as Python's `line.strip().split('\t')` does. */
export function strippedRow({ fields, where }: TabRow): TabRow {
  return { fields: pythonStrip(fields.join('\t')).split('\t'), where };
}

/**
 * Checks that a folder has all files.
 * @returns their paths, in the order of `names`
 * @throws InputError naming the missing file or folder
 */
export async function requireFiles<const Names extends readonly string[]>(
  folder: string,
  names: Names,
): Promise<{ [K in keyof Names]: string }> {
  if ((await kindOf(folder)) !== 'folder') {
    throw new InputError(`${folder}: there is no such folder; expected USEB's ${names.join(', ')} in it`);
  }
  const paths = names.map((name) => join(folder, name));
  for (const [i, path] of paths.entries()) {
    if ((await kindOf(path)) === 'file') continue;
    throw new InputError(`${folder}: has no file ${names[i]!}; expected USEB's ${names.join(', ')}`);
  }
  return paths as { [K in keyof Names]: string };
}

/** SHA-256 of the files' SHA-256s. */
export async function checksumOf(paths: readonly string[]): Promise<string> {
  return sha256((await Promise.all(paths.map(sha256OfFile))).join('\n'));
}
