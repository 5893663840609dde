import type { RetrievalTask } from './dataset.js';
import type { Task } from './task.js';
import { recordOf, sciDocsRelations, twitterParts, type UsebTask } from './useb.js';

/** The task with only its first queries, for trials; the task itself if the limit is null or not reached. */
export function limitTask(task: Task, queryLimit: number | null): Task {
  if (queryLimit === null || queryLimit >= task.facts.queries) return task;
  return task.kind === 'retrieval' ? limitRetrieval(task, queryLimit) : limitUseb(task, queryLimit);
}

function limitRetrieval(task: RetrievalTask, maxQueries: number): RetrievalTask {
  const queries = task.queries.slice(0, maxQueries);
  const qrels = new Map(queries.map(({ id }) => [id, task.qrels.get(id)!]));
  return { ...task, queries, qrels, queryLimit: maxQueries, facts: { ...task.facts, queries: queries.length } };
}

/** Keeps the first queries of each part of a task (of TwitterPara: pairs), and everything that they are compared with. */
function limitUseb(task: UsebTask, maxQueries: number): UsebTask {
  const limitedFields = (queries: number): Pick<UsebTask, 'queryLimit' | 'facts'> => ({
    queryLimit: maxQueries,
    facts: { ...task.facts, queries },
  });
  switch (task.dataset) {
    case 'askubuntu': {
      const queries = task.queries.slice(0, maxQueries);
      return { ...task, queries, ...limitedFields(queries.length) };
    }
    case 'cqadupstack': {
      const forums = task.forums.map((forum) => ({ ...forum, queries: firstOf(forum.queries, maxQueries) }));
      return { ...task, forums, ...limitedFields(forums.reduce((sum, { queries }) => sum + queries.size, 0)) };
    }
    case 'twitterpara': {
      const pairs = recordOf(twitterParts, (part) => task.pairs[part].slice(0, maxQueries));
      return { ...task, pairs, ...limitedFields(twitterParts.reduce((sum, part) => sum + pairs[part].length, 0)) };
    }
    case 'scidocs': {
      const qrels = recordOf(sciDocsRelations, (relation) => firstOf(task.qrels[relation], maxQueries));
      return {
        ...task,
        qrels,
        ...limitedFields(sciDocsRelations.reduce((sum, relation) => sum + qrels[relation].size, 0)),
      };
    }
  }
}

function firstOf<Key, Value>(map: ReadonlyMap<Key, Value>, count: number): Map<Key, Value> {
  return new Map([...map].slice(0, count));
}
