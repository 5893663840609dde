import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { InputError } from '../core/errors.js';
import { kindOf, sha256, sha256OfFile } from '../core/files.js';
import type { Qrels, Query, RetrievalTask } from '../core/dataset.js';
import { idOf, jsonLines, textOf } from './jsonl.js';
import { JsonlCorpus } from './jsonl-corpus.js';
import { readQrels } from './qrels-file.js';

/**
 * Opens a folder in BEIR's layout: corpus.jsonl, queries.jsonl, qrels/SPLIT.tsv.
 * @param name the task's name in records
 * @param split train, dev or test; by default test, or the only one there is
 * @throws InputError for a missing or broken file, an id twice, or a split that is not there (naming those that are)
 */
export async function openBeirFolder(folder: string, name: string, split?: string): Promise<RetrievalTask> {
  await requireLayout(folder);
  const chosen = await chooseSplit(folder, split);
  const qrelsPath = join(folder, 'qrels', `${chosen}.tsv`);
  const qrels = await readQrels(qrelsPath);
  const { queries: allQueries, checksum: queriesChecksum } = await readQueries(join(folder, 'queries.jsonl'));
  const queries = allQueries.filter(({ id }) => qrels.has(id));
  if (queries.length === 0) {
    throw new InputError(`${qrelsPath}: judges none of the queries in queries.jsonl; do the ids belong together?`);
  }
  const corpus = await JsonlCorpus.open(join(folder, 'corpus.jsonl'));
  return {
    name,
    split: chosen,
    corpus,
    queries,
    qrels,
    removesIdenticalIds: false,
    facts: {
      checksum: sha256([corpus.checksum, queriesChecksum, await sha256OfFile(qrelsPath)].join('\n')),
      documents: corpus.size,
      queries: queries.length,
      judgedQueriesWithoutText: qrels.size - queries.length,
      ...countJudgements(qrels, corpus),
    },
  };
}

/** The splits a folder in BEIR's layout has judgements for. */
export async function splitsOf(folder: string): Promise<string[]> {
  const files = (await kindOf(join(folder, 'qrels'))) === 'folder' ? await readdir(join(folder, 'qrels')) : [];
  return files
    .filter((file) => file.endsWith('.tsv'))
    .map((file) => file.slice(0, -'.tsv'.length))
    .sort();
}

/** Reads a queries.jsonl: {"_id", "text"} a line, in the order of the file. */
export async function readQueries(path: string): Promise<{ queries: Query[]; checksum: string }> {
  const queries = new Map<string, Query>();
  const hash = createHash('sha256');
  for await (const batch of jsonLines(path, hash)) {
    for (const entry of batch) {
      const id = idOf(entry, path);
      if (queries.has(id)) {
        throw new InputError(`${path}: line ${entry.line}: the query id "${id}" is there twice; ids must be unique`);
      }
      queries.set(id, { id, text: textOf(entry, 'text', path, true) });
    }
  }
  return { queries: [...queries.values()], checksum: hash.digest('hex') };
}

async function requireLayout(folder: string): Promise<void> {
  if ((await kindOf(folder)) !== 'folder') {
    throw new InputError(`${folder}: there is no such folder; expected a data set in BEIR's layout`);
  }
  for (const part of ['corpus.jsonl', 'queries.jsonl', 'qrels']) {
    if ((await kindOf(join(folder, part))) !== 'missing') continue;
    throw new InputError(
      `${folder}: has no ${part}; expected BEIR's layout: corpus.jsonl, queries.jsonl, qrels/SPLIT.tsv`,
    );
  }
}

async function chooseSplit(folder: string, wanted: string | undefined): Promise<string> {
  const splits = await splitsOf(folder);
  const only = splits.length === 1 ? splits[0] : undefined;
  const chosen = wanted ?? (splits.includes('test') ? 'test' : only);
  if (chosen !== undefined && splits.includes(chosen)) return chosen;
  const there = splits.length === 0 ? 'none' : splits.join(', ');
  const problem = chosen === undefined ? 'has no test split' : `has no judgements for the split "${chosen}"`;
  throw new InputError(`${folder}: ${problem}; splits there: ${there}; choose one with --split`);
}

function countJudgements(qrels: Qrels, corpus: JsonlCorpus): { judgements: number; judgementsOfUnknownDocuments: number } {
  let judgements = 0;
  let judgementsOfUnknownDocuments = 0;
  for (const grades of qrels.values()) {
    judgements += grades.size;
    for (const id of grades.keys()) if (!corpus.has(id)) judgementsOfUnknownDocuments++;
  }
  return { judgements, judgementsOfUnknownDocuments };
}
