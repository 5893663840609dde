import { join } from 'node:path';
import { InputError } from '../../core/errors.js';
import { findBeirFiles, readQueries } from '../../datasets/beir-folder.js';
import { JsonlCorpus } from '../../datasets/jsonl-corpus.js';
import { readQrels } from '../../datasets/qrels-file.js';
import { kindOf } from '../../io/files.js';
import { compareCount, type CountCheck } from '../suite.js';
import type { BeirEntry, SplitCounts } from './entry.js';

/**
 * Reads every line of a data set, and compares the numbers of documents, queries and judgements with the published ones.
 * @throws InputError for a file that is missing or damaged
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
  checks.push(compareCount(`${prefix}documents`, corpus.size, documents));
  const { queries: all } = await readQueries(files.queriesPath);
  checks.push(compareCount(`${prefix}queries`, all.length, queries));
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
  const check = compareCount(`${split}: judgements`, judgements, counts.judgements);
  return [
    compareCount(`${split}: judged queries`, qrels.size, counts.queries),
    other === undefined ? check : { ...check, ok: true, note: other.why },
  ];
}
