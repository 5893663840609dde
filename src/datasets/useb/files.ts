import { join } from 'node:path';
import { InputError } from '../../core/errors.js';
import { kindOf, sha256, sha256OfFile } from '../../io/files.js';
import { lineBatches } from '../../io/lines.js';
import { pythonStrip } from '../../core/text.js';

/** A line of a tab-separated file, and where it stands. */
export interface TabLine {
  readonly fields: readonly string[];
  /** `FILE: line N`, for messages. */
  readonly where: string;
}

/**
 * Reads a tab-separated file without quoting. Blank lines are passed over (the original stops at them).
 * @param prepare is applied to a line before it is split
 * @throws InputError for a file that cannot be read
 */
export async function* tabLines(
  path: string,
  prepare: (line: string) => string = (line) => line,
): AsyncGenerator<TabLine> {
  for await (const { firstLine, lines } of lineBatches(path)) {
    for (const [i, line] of lines.entries()) {
      if (pythonStrip(line) !== '')
        yield { fields: prepare(line).split('\t'), where: `${path}: line ${firstLine + i}` };
    }
  }
}

/**
 * Checks that a task's folder is complete.
 * @returns the files' paths, in the order of the names
 * @throws InputError that names what is missing
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

/** SHA-256 over the SHA-256s of the files that a task is read from. */
export async function checksumOf(paths: readonly string[]): Promise<string> {
  return sha256((await Promise.all(paths.map(sha256OfFile))).join('\n'));
}
