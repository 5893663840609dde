import type { RetrievalTask } from './dataset.js';
import type { Task } from './task.js';
import { recordOf, sciDocsRelations, twitterParts, type UsebTask } from './useb.js';

/** The task with only its first queries, for trials; the task itself for null, or where it has no more. */
export function limitTask(task: Task, queryLimit: number | null): Task {
  if (queryLimit === null || queryLimit >= task.facts.queries) return task;
  return task.kind === 'retrieval' ? limitRetrieval(task, queryLimit) : limitUseb(task, queryLimit);
}

function limitRetrieval(task: RetrievalTask, most: number): RetrievalTask {
  const queries = task.queries.slice(0, most);
  const qrels = new Map(queries.map(({ id }) => [id, task.qrels.get(id)!]));
  return { ...task, queries, qrels, queryLimit: most, facts: { ...task.facts, queries: queries.length } };
}

/** The first queries of each part of a task (of TwitterPara: pairs), with all that they are compared with. */
function limitUseb(task: UsebTask, most: number): UsebTask {
  const about = (queries: number): Pick<UsebTask, 'queryLimit' | 'facts'> => ({
    queryLimit: most,
    facts: { ...task.facts, queries },
  });
  switch (task.dataset) {
    case 'askubuntu': {
      const queries = task.queries.slice(0, most);
      return { ...task, queries, ...about(queries.length) };
    }
    case 'cqadupstack': {
      const forums = task.forums.map((forum) => ({ ...forum, queries: firstOf(forum.queries, most) }));
      return { ...task, forums, ...about(forums.reduce((sum, { queries }) => sum + queries.size, 0)) };
    }
    case 'twitterpara': {
      const pairs = recordOf(twitterParts, (part) => task.pairs[part].slice(0, most));
      return { ...task, pairs, ...about(twitterParts.reduce((sum, part) => sum + pairs[part].length, 0)) };
    }
    case 'scidocs': {
      const qrels = recordOf(sciDocsRelations, (relation) => firstOf(task.qrels[relation], most));
      return { ...task, qrels, ...about(sciDocsRelations.reduce((sum, relation) => sum + qrels[relation].size, 0)) };
    }
  }
}

function firstOf<Key, Value>(map: ReadonlyMap<Key, Value>, count: number): Map<Key, Value> {
  return new Map([...map].slice(0, count));
}
