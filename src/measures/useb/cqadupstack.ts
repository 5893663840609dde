import type { Ranking, Run } from '../../core/run.js';
import { cqaDupStackDepth, type CqaDupStackTask, type UsebForum } from '../../core/useb.js';
import { averagePrecisionOfPairs } from '../pairs.js';
import { meanOf, topOf, type UsebEvaluation, type UsebQuery } from './evaluation.js';

const ndcgDepth = 10;

/**
 * MAP@100 and nDCG@10 by forum, and their means over the forums (`cqadupstack.py` of UKPLab/useb). AP is scikit-learn's
 * `average_precision_score` over the first 100 posts: posts of equal score share a threshold, and it divides by the
 * positives among the 100. Queries without positives count 0 in MAP and are left out of nDCG.
 *
 * Per-query values have the keys of the averages. But an average is a mean over forums, not over queries.
 * @param runs forum → rankings of at most 100 posts
 */
export function evaluateCqaDupStack(task: CqaDupStackTask, runs: ReadonlyMap<string, Run>): UsebEvaluation {
  const byForum = task.forums.map((forum) => ({
    name: forum.name,
    queries: evaluateForum(forum, runs.get(forum.name)!),
  }));
  const values = new Map<string, number>();
  for (const { name, queries } of byForum) {
    values.set(`map@100_cqadupstack_${name}`, meanOf(queries.map((query) => query.values[0]!)));
    values.set(`ndcg@10_cqadupstack_${name}`, meanOf(queries.map((query) => query.values[1]!)));
  }
  const queryMeasures = ['map@100', 'ndcg@10'].map((measure) => {
    const average = meanOf(byForum.map(({ name }) => values.get(`${measure}_cqadupstack_${name}`)!));
    return { key: `${measure}_cqadupstack_avg`, average };
  });
  for (const { key, average } of queryMeasures) values.set(key, average);
  return {
    values,
    queryMeasures: queryMeasures.map(({ key }) => key),
    queries: byForum.flatMap(({ queries }) => queries),
  };
}

function evaluateForum(forum: UsebForum, run: Run): UsebQuery[] {
  return [...forum.queries].map(([id, text]) => {
    const positives = forum.positives.get(id)!;
    const relevant = new Set(positives);
    const ranking = run.get(id)!;
    const gradeOf = (post: string): number => (relevant.has(post) ? 1 : 0);
    const top = topOf(ranking.ids, ranking.scores, (post) => forum.pool.get(post)!, gradeOf);
    return {
      id: `${forum.name}/${id}`,
      text,
      values: [averagePrecision(ranking, relevant), ndcg(ranking, relevant, positives.length)],
      top,
    };
  });
}

function averagePrecision({ ids, scores }: Ranking, relevant: ReadonlySet<string>): number {
  const hits = ids.slice(0, cqaDupStackDepth).map((id) => relevant.has(id));
  return hits.includes(true) ? averagePrecisionOfPairs(hits, scores.subarray(0, hits.length)) : 0;
}

/** The ideal ranking has all positives of the query, including those that are not in the pool. */
function ndcg({ ids }: Ranking, relevant: ReadonlySet<string>, positives: number): number | null {
  if (positives === 0) return null;
  const discount = (rank: number): number => 1 / Math.log2(rank + 2);
  let gained = 0;
  let ideal = 0;
  for (let rank = 0; rank < ndcgDepth; rank++) {
    if (rank < positives) ideal += discount(rank);
    if (rank < ids.length && relevant.has(ids[rank]!)) gained += discount(rank);
  }
  return gained / ideal;
}
