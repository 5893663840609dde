import { cpSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');

/** A line of a compiled module, and what stands there instead. */
export interface Change {
  /** Below dist. */
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

/** A change after which every vector is wrong: all its numbers are larger by a half. */
export const wrongVectors: Change = {
  file: 'models/encoding/checkpoint-encoder.js',
  from: 'encoded.set(index, outputs)',
  to: 'encoded.set(index, outputs.map((output) => output.map((x) => 1.5 * x)))',
};

/** Copies the compiled program, with changes, into a new folder. @returns the copy's main module */
export function copyProgram(folder: string, changes: readonly Change[]): string {
  cpSync(join(root, 'dist'), join(folder, 'dist'), { recursive: true });
  cpSync(join(root, 'package.json'), join(folder, 'package.json'));
  for (const name of ['node_modules', 'models', 'datasets']) symlinkSync(join(root, name), join(folder, name));
  for (const { file, from, to } of changes) {
    const path = join(folder, 'dist', file);
    const text = readFileSync(path, 'utf8');
    if (!text.includes(from)) throw new Error(`${path} has no "${from}"`);
    writeFileSync(path, text.replace(from, to));
  }
  return join(folder, 'dist/cli/main.js');
}
