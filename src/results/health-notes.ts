import type { ResultRecord } from './record.js';

/** The parts of a record that say how far its scores can be believed. */
export type Healthy = Pick<ResultRecord, 'health' | 'evaluation' | 'provenance'> & {
  readonly task: Pick<ResultRecord['task'], 'queries' | 'documents'>;
};

/**
 * What a reader must know about a result, one phrase per fact; empty if there is nothing to say. Truncated texts are not
 * among them: where a limit is set, they are expected, and the record counts them.
 */
export function healthNotes({ health, evaluation, provenance, task }: Healthy): string[] {
  const notes: string[] = [];
  const { queriesWithoutRanking, average } = evaluation;
  if (queriesWithoutRanking > 0) {
    const share = `${queriesWithoutRanking} of ${task.queries} queries without a ranking`;
    notes.push(average === 'intersection' ? `${share}, left out of the means` : `${share}, which count as 0`);
  }
  const { tiedQueries, inputs, droppedDocuments } = health;
  if (tiedQueries !== null && tiedQueries > 0)
    notes.push(`${tiedQueries} of ${task.queries} queries with one score for all their documents`);
  if (droppedDocuments > 0)
    notes.push(`${droppedDocuments} of ${task.documents} documents dropped, as their text is empty`);
  for (const [kind, input] of Object.entries(inputs)) {
    const { total, empty, zeroVectors } = input;
    if (empty > 0) notes.push(`${empty} of ${total} ${kind} without a token of their own`);
    if (zeroVectors !== null && zeroVectors > 0) notes.push(`${zeroVectors} of ${total} vectors of ${kind} are zero`);
  }
  const builds = new Set(provenance.makers.map(({ build }) => build));
  if (builds.size > 1) notes.push(`computed by ${builds.size} builds of the program`);
  const { recheck } = provenance;
  if (recheck !== null && recheck.differing > 0)
    notes.push(
      `${recheck.differing} of ${recheck.compared} shards that two workers computed differ, by up to ` +
        `${recheck.largestDifference.toPrecision(2)} of their largest number`,
    );
  return notes;
}
