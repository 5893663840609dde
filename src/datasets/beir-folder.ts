import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Query, RetrievalTask } from '../core/dataset.js';
import { InputError } from '../core/errors.js';
import { kindOf } from '../io/files.js';
import { idOf, jsonLines, textOf } from './jsonl.js';
import { openRetrievalTask, type QueryFile } from './task.js';

/** Rules of a data set that are not in its files. */
export interface BeirRules {
  /** Default: test, or the only split. */
  readonly defaultSplit?: string;
  /** Default: false. */
  readonly removesIdenticalIds?: boolean;
}

/**
 * Opens a folder in BEIR's layout: corpus.jsonl, queries.jsonl, qrels/SPLIT.tsv, each plain or gzip (.gz).
 * @param name the task's name in records
 * @param split train, dev or test
 * @throws InputError for a missing or invalid file, a duplicate id, and an unknown split
 */
export async function openBeirFolder(
  folder: string,
  name: string,
  split?: string,
  { defaultSplit, removesIdenticalIds = false }: BeirRules = {},
): Promise<RetrievalTask> {
  const { corpusPath, queriesPath, qrels } = await findBeirFiles(folder);
  const chosen = chooseSplit(folder, [...qrels.keys()], split, defaultSplit);
  const qrelsPath = qrels.get(chosen)!;
  return openRetrievalTask({
    name,
    split: chosen,
    corpusPath,
    queriesPath,
    qrelsPath,
    readQueries,
    removesIdenticalIds,
  });
}

export interface BeirFiles {
  readonly corpusPath: string;
  readonly queriesPath: string;
  /** Split → path of its qrels, sorted by file name. */
  readonly qrels: ReadonlyMap<string, string>;
}

/** Finds the files of a folder in BEIR's layout. @throws InputError naming the missing file */
export async function findBeirFiles(folder: string): Promise<BeirFiles> {
  if ((await kindOf(folder)) !== 'folder') {
    throw new InputError(`${folder}: there is no such folder; expected a data set in BEIR's layout`);
  }
  const [corpusPath, queriesPath] = await Promise.all(
    ['corpus.jsonl', 'queries.jsonl'].map((name) => findFile(folder, name)),
  );
  if ((await kindOf(join(folder, 'qrels'))) !== 'folder') throw missing(folder, 'qrels');
  const qrels = new Map<string, string>();
  for (const file of (await readdir(join(folder, 'qrels'))).sort()) {
    const split = /^(.+)\.tsv(\.gz)?$/.exec(file)?.[1];
    if (split !== undefined && !qrels.has(split)) qrels.set(split, join(folder, 'qrels', file));
  }
  return { corpusPath: corpusPath!, queriesPath: queriesPath!, qrels };
}

/** Reads a queries.jsonl, {"_id", "text"} per line, in the order of the file. */
export async function readQueries(path: string): Promise<QueryFile> {
  const queries = new Map<string, Query>();
  const hash = createHash('sha256');
  for await (const batch of jsonLines(path, hash)) {
    for (const entry of batch) {
      const id = idOf(entry, path);
      if (queries.has(id)) {
        throw new InputError(`${path}: line ${entry.line}: duplicate query id "${id}"; ids must be unique`);
      }
      queries.set(id, { id, text: textOf(entry, 'text', path, true) });
    }
  }
  return { queries: [...queries.values()], checksum: hash.digest('hex') };
}

async function findFile(folder: string, name: string): Promise<string> {
  for (const path of [join(folder, name), join(folder, `${name}.gz`)]) {
    if ((await kindOf(path)) === 'file') return path;
  }
  throw missing(folder, name);
}

function missing(folder: string, part: string): InputError {
  return new InputError(
    `${folder}: has no ${part}; expected BEIR's layout: corpus.jsonl, queries.jsonl (or .gz), qrels/SPLIT.tsv`,
  );
}

function chooseSplit(
  folder: string,
  splits: readonly string[],
  wanted: string | undefined,
  defaultSplit: string | undefined,
): string {
  const only = splits.length === 1 ? splits[0] : undefined;
  const chosen = wanted ?? [defaultSplit, 'test', only].find((split) => split !== undefined && splits.includes(split));
  if (chosen !== undefined && splits.includes(chosen)) return chosen;
  const available = splits.length === 0 ? 'none' : splits.join(', ');
  const problem = chosen === undefined ? 'has no test split' : `has no judgements for the split "${chosen}"`;
  throw new InputError(`${folder}: ${problem}; available splits: ${available}; choose one with --split`);
}
