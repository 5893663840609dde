import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { InputError } from '../../src/core/errors.js';
import { sha256 } from '../../src/io/files.js';
import { onePerEntry, readBaseline } from '../../src/results/check/baseline.js';
import { checkBaseline } from '../../src/results/check/gate.js';
import { defaultLimits } from '../../src/results/check/limits.js';
import { fingerprintOf } from '../../src/results/fingerprint.js';
import type { PerQuery, ResultRecord } from '../../src/results/record.js';
import { loadResults } from '../../src/results/store.js';
import { sortResults } from '../../src/results/verify.js';

/** A type whose fields can be assigned. */
export type Writable<T> = { -readonly [Key in keyof T]: Writable<T[Key]> };

/** Changes a record's JSON and nothing else. */
export async function editRecord(folder: string, change: (record: Writable<ResultRecord>) => void): Promise<void> {
  const path = join(folder, 'record.json');
  const record = JSON.parse(await readFile(path, 'utf8')) as Writable<ResultRecord>;
  change(record);
  await writeFile(path, JSON.stringify(record));
}

/** Changes a record and computes its fingerprint again, as someone would who knows how. */
export function editWork(folder: string, change: (record: Writable<ResultRecord>) => void): Promise<void> {
  return editRecord(folder, (record) => {
    change(record);
    record.fingerprint = fingerprintOf(record);
  });
}

/** Changes per-query scores, and the record with them, and puts the file's hash into the record. */
export async function editScores(
  folder: string,
  change: (scores: Writable<PerQuery>, record: Writable<ResultRecord>) => void,
): Promise<void> {
  const path = join(folder, 'per-query.json.gz');
  const scores = JSON.parse(gunzipSync(await readFile(path)).toString()) as Writable<PerQuery>;
  await editRecord(folder, (record) => {
    change(scores, record);
    record.files.perQuery.sha256 = sha256(gzipSync(JSON.stringify(scores)));
  });
  await writeFile(path, gzipSync(JSON.stringify(scores)));
}

/** What the gate says against the results in a folder: `OUTCOME: MESSAGE` of failed cases, or `refused: SENTENCE`. */
export async function complaints(folder: string, baseline: string, newest = false): Promise<string[]> {
  try {
    const { whole, damaged } = await sortResults(await loadResults(folder));
    const results = await onePerEntry(whole, newest);
    const cases = checkBaseline(await readBaseline(baseline), results, defaultLimits, damaged);
    return cases.flatMap(({ verdict, outcome, message }) => (verdict === 'failed' ? [`${outcome}: ${message}`] : []));
  } catch (error) {
    if (error instanceof InputError) return [`refused: ${error.message}`];
    throw error;
  }
}
