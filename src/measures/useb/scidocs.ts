import type { Qrels } from '../../core/dataset.js';
import type { Run } from '../../core/run.js';
import {
  sciDocsRelations,
  sciDocsSimilarities,
  type SciDocsRelation,
  type SciDocsSimilarity,
  type SciDocsTask,
} from '../../core/useb.js';
import { evaluateRun, type Evaluation } from '../aggregate.js';
import { parseMeasure } from '../parse.js';
import { meanOf, topOf, type UsebEvaluation, type UsebQuery } from './evaluation.js';

/** USEB's name → trec_eval's measure, without a cut-off. */
const measures = { map: parseMeasure('AP'), ndcg: parseMeasure('nDCG') } as const;

type RelationRuns = Readonly<Record<SciDocsRelation, Readonly<Record<SciDocsSimilarity, Run>>>>;

/**
 * MAP and nDCG as pytrec_eval computes them, for each relation by Euclidean distance and by cosine, and their means over
 * the relations (`scidocs.py` of UKPLab/useb). A mean is over the queries of the run. Papers without a
 * title are not in the run, but still count as judgements.
 *
 * Per-query values have the keys of the averages.
 */
export function evaluateSciDocs(task: SciDocsTask, runs: RelationRuns): UsebEvaluation {
  const values = new Map<string, number>();
  const queries: UsebQuery[] = [];
  for (const relation of sciDocsRelations) {
    const byKey = new Map<string, ReadonlyMap<string, number>>();
    for (const similarity of sciDocsSimilarities) {
      const evaluation = evaluateRun(task.qrels[relation], runs[relation][similarity], Object.values(measures));
      for (const [key, { name }] of Object.entries(measures)) {
        values.set(`${key}_scidocs_${relation}_${similarity}`, evaluation.means.get(name)!);
        byKey.set(averageKey(key, similarity), evaluation.perQuery.get(name)!);
      }
    }
    queries.push(...queriesOf(task, relation, runs[relation].cosine, byKey));
  }
  for (const similarity of sciDocsSimilarities) {
    for (const key of Object.keys(measures)) {
      const means = sciDocsRelations.map((relation) => values.get(`${key}_scidocs_${relation}_${similarity}`)!);
      values.set(averageKey(key, similarity), meanOf(means));
    }
  }
  return { values, queryMeasures: averageKeys, queries };
}

function averageKey(measure: string, similarity: SciDocsSimilarity): string {
  return `${measure}_scidocs_${similarity}_avg`;
}

const averageKeys = sciDocsSimilarities.flatMap((similarity) =>
  Object.keys(measures).map((measure) => averageKey(measure, similarity)),
);

function queriesOf(
  { titles, qrels }: SciDocsTask,
  relation: SciDocsRelation,
  run: Run,
  byKey: Evaluation['perQuery'],
): UsebQuery[] {
  const judged: Qrels = qrels[relation];
  return [...run].map(([id, { ids, scores }]) => ({
    id: `${relation}/${id}`,
    text: titles.get(id)!,
    values: averageKeys.map((key) => byKey.get(key)!.get(id) ?? null),
    top: topOf(
      ids,
      scores,
      (paper) => titles.get(paper)!,
      (paper) => judged.get(id)!.get(paper)!,
    ),
  }));
}
