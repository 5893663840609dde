import type { RetrievalTask } from '../core/dataset.js';
import type { Run } from '../core/run.js';
import type { Evaluation } from '../measures/index.js';
import { RECORD_VERSION, type PerQuery } from './record.js';

const topDocuments = 10;

/** Scores per query, and the top ten documents of each ranking with titles and grades, for comparisons and reports. */
export async function perQueryOf(task: RetrievalTask, run: Run, evaluation: Evaluation): Promise<PerQuery> {
  const shown = new Set(task.queries.flatMap(({ id }) => run.get(id)?.ids.slice(0, topDocuments) ?? []));
  const documents = await task.corpus.fetch([...shown]);
  const titles = new Map(documents.map(({ id, title, text }) => [id, title === '' ? text.slice(0, 80) : title]));
  const measures = [...evaluation.perQuery.keys()];
  return {
    schema: 'sgpt-bench/per-query',
    version: RECORD_VERSION,
    measures,
    queries: task.queries.map(({ id, text }) => ({
      id,
      text,
      values: measures.map((measure) => evaluation.perQuery.get(measure)?.get(id) ?? null),
      top: topOf(run, id, titles, task.qrels.get(id)),
      judgements: [...(task.qrels.get(id) ?? [])],
    })),
  };
}

function topOf(
  run: Run,
  queryId: string,
  titles: ReadonlyMap<string, string>,
  grades: ReadonlyMap<string, number> | undefined,
): PerQuery['queries'][number]['top'] {
  const ranking = run.get(queryId);
  if (ranking === undefined) return [];
  return ranking.ids.slice(0, topDocuments).map((id, i) => ({
    id,
    title: titles.get(id) ?? '',
    score: ranking.scores[i]!,
    grade: grades?.get(id) ?? null,
  }));
}
