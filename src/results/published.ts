import { publishedRows } from './published-rows.js';

/** A system's published scores. */
export interface PublishedRow {
  readonly system: string;
  readonly method: 'bm25' | 'bi-encoder' | 'cross-encoder';
  /** Parameters of the model; null where there is none or the source does not say. */
  readonly parameters: number | null;
  /** The conventions the numbers were made under: a profile of this program, or the source's own. */
  readonly profile: string;
  readonly source: string;
  /** Task name without `beir/` → nDCG@10. */
  readonly scores: Readonly<Record<string, number>>;
}

/** The measure of every published score in the table. */
export const PUBLISHED_MEASURE = 'nDCG@10';

export { publishedRows };

/** A task's name in the published rows: `beir/nfcorpus` → `nfcorpus`. */
export function publishedTaskName(task: string): string {
  return task.replace(/^beir\//, '');
}

/** The rows that have a score for this task, with that score. */
export function publishedScores(task: string): { readonly row: PublishedRow; readonly score: number }[] {
  const name = publishedTaskName(task);
  return publishedRows.flatMap((row) => {
    const score = Object.hasOwn(row.scores, name) ? row.scores[name] : undefined;
    return score === undefined ? [] : [{ row, score }];
  });
}
