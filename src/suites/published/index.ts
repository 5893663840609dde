import { publishedRows, type PublishedRow } from './rows.js';

/** The measure of every published score in the table. */
export const PUBLISHED_MEASURE = 'nDCG@10';

export { publishedRows, type PublishedRow };

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
