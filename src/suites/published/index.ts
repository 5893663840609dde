import { publishedRows, type PublishedRow } from './rows.js';

/** The measure of all published scores in the table. */
export const PUBLISHED_MEASURE = 'nDCG@10';

export { publishedRows, type PublishedRow };

/** A task's name in the published rows: `nfcorpus` for `beir/nfcorpus`. */
export function publishedTaskName(task: string): string {
  return task.replace(/^beir\//, '');
}

/** The published rows with a score for this task, and the score. */
export function publishedScores(task: string): { readonly row: PublishedRow; readonly score: number }[] {
  const name = publishedTaskName(task);
  return publishedRows.flatMap((row) => {
    const score = Object.hasOwn(row.scores, name) ? row.scores[name] : undefined;
    return score === undefined ? [] : [{ row, score }];
  });
}
