import { InputError } from '../../core/errors.js';
import { pythonStrip } from '../../core/text.js';
import type { AskUbuntuQuery, AskUbuntuTask, UsebSplit } from '../../core/useb.js';
import { checksumOf, requireFiles, tabRows, type TabRow } from './files.js';

/** For P@5. */
const minCandidates = 5;

/**
 * Reads USEB's AskUbuntu (Lei et al. 2016): text_tokenized.txt (`id, title, body`) and dev.txt or test.txt (`query id,
 * positives, candidates, BM25 scores`; the last three are lists separated by spaces).
 * @throws InputError naming the line, for data that `askubuntu.py` of UKPLab/useb cannot evaluate
 */
export async function openAskUbuntu(folder: string, name: string, split: UsebSplit): Promise<AskUbuntuTask> {
  const [postsPath, validPath, testPath] = await requireFiles(folder, ['text_tokenized.txt', 'dev.txt', 'test.txt']);
  const queriesPath = split === 'valid' ? validPath : testPath;
  const posts = await readPosts(postsPath);
  const queries: AskUbuntuQuery[] = [];
  const ids = new Set<string>();
  for await (const row of tabRows(queriesPath)) {
    const query = parseQuery(row, posts);
    if (ids.has(query.id)) throw new InputError(`${row.where}: duplicate query id "${query.id}"; ids must be unique`);
    ids.add(query.id);
    if (query.positives.size > 0) queries.push(query);
  }
  if (queries.length === 0)
    throw new InputError(`${queriesPath}: has no query with positives; expected at least one, for a score`);
  const positives = queries.flatMap((query) => [...query.positives]);
  return {
    name,
    kind: 'useb',
    dataset: 'askubuntu',
    symmetric: true,
    queryLimit: null,
    split,
    posts,
    queries,
    skippedQueries: ids.size - queries.length,
    facts: {
      checksum: await checksumOf([postsPath, queriesPath]),
      documents: posts.size,
      queries: queries.length,
      judgements: positives.length,
      judgementsOfUnknownDocuments: positives.filter((id) => !posts.has(id)).length,
      judgedQueriesWithoutText: 0,
    },
  };
}

/** The last text of a duplicate id counts, as in `askubuntu.py`. */
async function readPosts(path: string): Promise<AskUbuntuTask['posts']> {
  const posts = new Map<string, { title: string; body: string }>();
  for await (const { fields, where } of tabRows(path)) {
    if (fields.length !== 3) {
      throw new InputError(`${where}: expected 3 fields separated by tabs (id, title, body), found ${fields.length}`);
    }
    posts.set(fields[0]!, { title: pythonStrip(fields[1]!), body: pythonStrip(fields[2]!) });
  }
  return posts;
}

function parseQuery({ fields, where }: TabRow, posts: AskUbuntuTask['posts']): AskUbuntuQuery {
  if (fields.length !== 4) {
    throw new InputError(
      `${where}: expected 4 fields separated by tabs (query id, positives, candidates, BM25 scores), found ${fields.length}`,
    );
  }
  const id = fields[0]!;
  const [positives, ids, texts] = fields.slice(1).map(words) as [string[], string[], string[]];
  const scores = texts.map((text) => parseScore(text, where));
  if (ids.length !== scores.length) {
    throw new InputError(
      `${where}: ${ids.length} candidates but ${scores.length} BM25 scores; expected one per candidate`,
    );
  }
  const candidates = [...ids.keys()].sort((a, b) => scores[b]! - scores[a]!).map((i) => ids[i]!);
  const query = { id, positives: new Set(positives), candidates };
  if (positives.length > 0) requireEvaluable(query, posts, where);
  return query;
}

function requireEvaluable(
  { id, positives, candidates }: AskUbuntuQuery,
  posts: AskUbuntuTask['posts'],
  where: string,
): void {
  const unknown = [id, ...candidates].find((post) => !posts.has(post));
  if (unknown !== undefined) {
    throw new InputError(
      `${where}: the post "${unknown}" is not in text_tokenized.txt; do the files belong to the same data set?`,
    );
  }
  if (candidates.length < minCandidates) {
    throw new InputError(`${where}: ${candidates.length} candidates; expected at least ${minCandidates}, for P@5`);
  }
  if (!candidates.some((candidate) => positives.has(candidate))) {
    throw new InputError(
      `${where}: no positive of query "${id}" is a candidate, so USEB has no score for it; ` +
        'remove its positives to skip the query',
    );
  }
}

function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}

function parseScore(text: string, where: string): number {
  const score = Number(text);
  if (Number.isFinite(score)) return score;
  throw new InputError(`${where}: the BM25 score is "${text.slice(0, 40)}"; expected a number`);
}
