import type { Corpus, Document, Query } from '../core/dataset.js';
import { InputError } from '../core/errors.js';
import type { PairGroup } from '../core/model.js';
import { documentText } from '../core/profile.js';
import type { DocumentQueries } from '../core/shards.js';
import type { Task } from '../core/task.js';
import { askUbuntuText, askUbuntuTexts, type AskUbuntuTask, type AskUbuntuText } from '../core/useb.js';

/** Documents and queries to score as pairs. Shards refer to them by `name`, which is the same on every machine. */
export interface TaskPairs {
  readonly name: string;
  readonly queries: readonly Query[];
  readonly corpus: Pick<Corpus, 'fetch'>;
}

/**
 * A task's documents and queries to score as pairs: `documents` of a retrieval task; of AskUbuntu its posts as one kind of
 * text (`title`, `body`, `title_and_body`).
 * @throws InputError for an unknown name, or a task without queries and documents
 */
export function taskPairs(task: Task, name: string): TaskPairs {
  if (task.kind === 'retrieval' && name === 'documents') return { name, queries: task.queries, corpus: task.corpus };
  const text = askUbuntuTexts.find((known) => known === name);
  if (task.kind === 'useb' && task.dataset === 'askubuntu' && text !== undefined) return askUbuntuPairs(task, text);
  throw new InputError(`${task.name}: has no pairs named "${name}"`);
}

function askUbuntuPairs(task: AskUbuntuTask, text: AskUbuntuText): TaskPairs {
  const documentOf = (id: string): Document => ({ id, title: '', text: askUbuntuText(task, id, text) });
  return {
    name: text,
    queries: task.queries.map(({ id }) => ({ id, text: askUbuntuText(task, id, text) })),
    corpus: { fetch: (ids) => Promise.resolve(ids.map(documentOf)) },
  };
}

/**
 * The texts of the candidates, in their order.
 * @throws InputError for a query that the task does not have
 */
export async function pairGroups(
  { name, queries, corpus }: TaskPairs,
  candidates: readonly DocumentQueries[],
): Promise<PairGroup[]> {
  const texts = new Map(queries.map(({ id, text }) => [id, text]));
  const textOf = (id: string): string => {
    const text = texts.get(id);
    if (text === undefined) throw new InputError(`the pairs of "${name}" have no query "${id}"`);
    return text;
  };
  const documents = await corpus.fetch(candidates.map(({ documentId }) => documentId));
  return candidates.map(({ queryIds }, i) => ({
    document: documentText(documents[i]!),
    queries: queryIds.map(textOf),
  }));
}
