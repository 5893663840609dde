import { join } from 'node:path';
import { InputError } from '../core/errors.js';
import { kindOf } from '../io/files.js';
import { findBeirFiles, readQueries } from '../datasets/beir-folder.js';
import type { BeirEntry, SplitCounts } from './beir/catalogue.js';
import { JsonlCorpus } from '../datasets/jsonl-corpus.js';
import { readQrels } from '../datasets/qrels-file.js';
import { openUsebTasks } from './useb/open.js';

/** One count of a data set on disk. */
export interface CountCheck {
  /** What was counted: `documents`, `queries`, `test: judgements`. */
  readonly what: string;
  readonly found: number;
  /** What the catalogue says, or null where it does not know. */
  readonly expected: number | null;
  /** Whether the count is as expected; true where nothing is known. */
  readonly ok: boolean;
  /** What is worth knowing about the count. */
  readonly note: string;
}

/**
 * Reads every line of a data set and counts documents, queries and judgements.
 * @throws InputError for a file that is missing or broken
 */
export async function verifyDataset(entry: BeirEntry, datasetsDir: string): Promise<CountCheck[]> {
  const folder = join(datasetsDir, entry.name);
  if ((await kindOf(folder)) !== 'folder') {
    const remedy = entry.howToBring ?? `get it with: sgpt-bench datasets download ${entry.name}`;
    throw new InputError(`${entry.name}: not found at ${folder}; ${remedy}`);
  }
  if (entry.parts.length === 0) return verifyFolder(folder, entry.documents, entry.queries, entry.splits, '');
  const checks: CountCheck[] = [];
  for (const { name, documents, queries, judgements } of entry.parts) {
    const splits = { test: { queries, judgements } };
    checks.push(...(await verifyFolder(join(folder, name), documents, null, splits, `${name}: `)));
  }
  return checks;
}

/**
 * Reads USEB's data for all four tasks and both splits, and counts. No counts are published to compare them with.
 * @throws InputError for a file that is missing or broken
 */
export async function verifyUseb(datasetsDir: string): Promise<CountCheck[]> {
  const checks: CountCheck[] = [];
  for (const split of ['valid', 'test']) {
    for (const { name, facts, split: opened } of await openUsebTasks('useb', datasetsDir, split)) {
      if (opened !== split) continue;
      for (const what of ['documents', 'queries', 'judgements'] as const)
        checks.push(compare(`${name} ${split}: ${what}`, facts[what], null));
    }
  }
  return checks;
}

async function verifyFolder(
  folder: string,
  documents: number | null,
  queries: number | null,
  splits: BeirEntry['splits'],
  prefix: string,
): Promise<CountCheck[]> {
  const files = await findBeirFiles(folder);
  const checks: CountCheck[] = [];
  const corpus = await JsonlCorpus.open(files.corpusPath);
  checks.push(compare(`${prefix}documents`, corpus.size, documents));
  const { queries: all } = await readQueries(files.queriesPath);
  checks.push(compare(`${prefix}queries`, all.length, queries));
  for (const [split, counts] of Object.entries(splits)) {
    const path = files.qrels.get(split);
    if (path === undefined) {
      checks.push({ what: `${prefix}${split}`, found: 0, expected: 1, ok: false, note: 'no judgements of this split' });
      continue;
    }
    checks.push(...(await verifySplit(path, `${prefix}${split}`, counts)));
  }
  await corpus.close();
  return checks;
}

async function verifySplit(path: string, split: string, counts: SplitCounts): Promise<CountCheck[]> {
  const qrels = await readQrels(path);
  let judgements = 0;
  for (const grades of qrels.values()) judgements += grades.size;
  const other = counts.otherCounts?.find((count) => count.judgements === judgements);
  const check = compare(`${split}: judgements`, judgements, counts.judgements);
  return [
    compare(`${split}: judged queries`, qrels.size, counts.queries),
    other === undefined ? check : { ...check, ok: true, note: other.why },
  ];
}

function compare(what: string, found: number, expected: number | null): CountCheck {
  return { what, found, expected, ok: expected === null || found === expected, note: '' };
}
