import { z } from 'zod';
import { InputError } from '../../core/errors.js';
import { readJson } from '../../io/files.js';
import { pythonStrip } from '../../core/text.js';
import type { CqaDupStackTask, UsebForum, UsebSplit } from '../../core/useb.js';
import { checksumOf, requireFiles } from './files.js';

const corpusSchema = z.record(z.string(), z.record(z.string(), z.string()));
const forumsSchema = z.record(z.string(), z.record(z.string(), z.array(z.string())));
const splitSchema = z.object({ valid: forumsSchema.optional(), test: forumsSchema.optional() });

/**
 * Reads USEB's CQADupStack: corpus.json (`{forum: {id: text}}`) and retrieval_split.json (`{split: {forum: {query id:
 * duplicates' ids}}}`). JSON.parse sorts integer ids; no result depends on their order.
 * @throws InputError naming the forum, for data that `cqadupstack.py` of UKPLab/useb cannot evaluate
 */
export async function openCqaDupStack(folder: string, name: string, split: UsebSplit): Promise<CqaDupStackTask> {
  const [corpusPath, splitPath] = await requireFiles(folder, ['corpus.json', 'retrieval_split.json']);
  const corpus = await readJson(corpusPath, corpusSchema, '{forum: {id: text}}');
  const splits = await readJson(splitPath, splitSchema, '{"valid" | "test": {forum: {query id: [ids]}}}');
  const queriesOf = splits[split];
  if (queriesOf === undefined)
    throw new InputError(`${splitPath}: has no split "${split}"; expected "valid" and "test"`);
  const unknown = Object.keys(queriesOf).find((forum) => !Object.hasOwn(corpus, forum));
  if (unknown !== undefined) {
    const known = Object.keys(corpus).join(', ');
    throw new InputError(
      `${splitPath}: ${split}: the forum "${unknown}" is not in corpus.json; known forums: ${known}`,
    );
  }
  const forums = Object.entries(corpus).map(([forum, posts]) => {
    const where = `${splitPath}: ${split}: forum "${forum}"`;
    if (!Object.hasOwn(queriesOf, forum))
      throw new InputError(`${where} is missing; expected every forum of corpus.json`);
    return forumOf(forum, posts, queriesOf[forum]!, where);
  });
  if (forums.length === 0) throw new InputError(`${corpusPath}: has no forums; expected {forum: {id: text}}`);
  return {
    name,
    kind: 'useb',
    dataset: 'cqadupstack',
    symmetric: true,
    queryLimit: null,
    split,
    forums,
    skippedQueries: 0,
    facts: await factsOf(forums, [corpusPath, splitPath]),
  };
}

function forumOf(
  name: string,
  posts: Readonly<Record<string, string>>,
  duplicates: Readonly<Record<string, readonly string[]>>,
  where: string,
): UsebForum {
  const pool = new Map(Object.entries(posts).map(([id, text]) => [id, pythonStrip(text)]));
  const queries = new Map<string, string>();
  for (const id of Object.keys(duplicates)) {
    const text = pool.get(id);
    if (text === undefined) throw new InputError(`${where}: the query "${id}" is not a post of it in corpus.json`);
    queries.set(id, text);
  }
  for (const id of queries.keys()) pool.delete(id);
  const positives = new Map(Object.entries(duplicates));
  if (![...positives.values()].some((ids) => ids.length > 0)) {
    throw new InputError(`${where} has no query with duplicates; expected at least one, for a score`);
  }
  if (pool.size === 0)
    throw new InputError(`${where}: every post is a query, so the pool is empty; expected other posts, too`);
  return { name, pool, queries, positives };
}

async function factsOf(forums: readonly UsebForum[], paths: readonly string[]): Promise<CqaDupStackTask['facts']> {
  const sum = (count: (forum: UsebForum) => number): number => forums.reduce((total, forum) => total + count(forum), 0);
  return {
    checksum: await checksumOf(paths),
    documents: sum(({ pool }) => pool.size),
    queries: sum(({ queries }) => queries.size),
    judgements: sum(({ positives }) => [...positives.values()].flat().length),
    judgementsOfUnknownDocuments: sum(
      ({ positives, pool }) => [...positives.values()].flat().filter((id) => !pool.has(id)).length,
    ),
    judgedQueriesWithoutText: 0,
  };
}
