import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { loadResults } from '../../src/results/store.js';

/** Expects the same runs and per-query files, byte by byte, and the same records but for when and where they were made. */
export async function expectSameResults(folder: string, expected: string): Promise<void> {
  const [found, wanted] = await Promise.all([loadResults(folder), loadResults(expected)]);
  expect(found.length).toBe(wanted.length);
  for (const [i, { folder: there, record }] of found.entries()) {
    const other = wanted[i]!;
    expect({ ...record, provenance: null }).toEqual({ ...other.record, provenance: null });
    for (const { name: file } of [record.files.run!, record.files.perQuery]) {
      const [bytes, otherBytes] = await Promise.all([there, other.folder].map((path) => readFile(join(path, file))));
      expect(bytes!.equals(otherBytes!), file).toBe(true);
    }
  }
}
