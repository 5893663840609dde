import {
  askUbuntuText,
  askUbuntuTexts,
  type AskUbuntuQuery,
  type AskUbuntuTask,
  type AskUbuntuText,
} from '../../core/useb.js';
import { meanOf, topOf, type UsebEvaluation } from './evaluation.js';

const measures = ['map', 'p@1', 'p@5', 'mrr'] as const;

/**
 * MAP, P@1, P@5 and MRR of the re-ranked candidates, for titles, bodies and both (`askubuntu.py` of UKPLab/useb).
 * Candidates of equal score keep BM25's order. AP is the mean of the precisions at the found positives, so it ignores
 * positives that are not candidates.
 * @param scores per query of the task, one score per candidate
 */
export function evaluateAskUbuntu(
  task: AskUbuntuTask,
  scores: Readonly<Record<AskUbuntuText, readonly Float32Array[]>>,
): UsebEvaluation {
  const keys = askUbuntuTexts.flatMap((text) => measures.map((measure) => `${measure}_askubuntu_${text}`));
  const queries = task.queries.map((query, i) => {
    const ordered = order(query, scores.title[i]!);
    return {
      id: query.id,
      text: askUbuntuText(task, query.id, 'title'),
      values: askUbuntuTexts.flatMap((text) => valuesOf(query, order(query, scores[text][i]!).ids)),
      top: topOf(
        ordered.ids,
        ordered.scores,
        (id) => askUbuntuText(task, id, 'title'),
        (id) => (query.positives.has(id) ? 1 : 0),
      ),
    };
  });
  const values = new Map(keys.map((key, k) => [key, meanOf(queries.map((query) => query.values[k]!))]));
  return { values, queryMeasures: keys, queries };
}

function order({ candidates }: AskUbuntuQuery, scores: Float32Array): { ids: string[]; scores: number[] } {
  const sorted = [...candidates.keys()].sort((a, b) => scores[b]! - scores[a]!);
  return { ids: sorted.map((i) => candidates[i]!), scores: sorted.map((i) => scores[i]!) };
}

/** In the order of {@link measures}. A candidate that is listed twice counts as one positive, but has two ranks. */
function valuesOf({ positives }: AskUbuntuQuery, ranked: readonly string[]): number[] {
  const found = new Set<string>();
  const precisions: number[] = [];
  const precisionsAtPositives: number[] = [];
  let reciprocalRank = 0;
  for (const [i, id] of ranked.entries()) {
    if (positives.has(id)) found.add(id);
    const precision = found.size / (i + 1);
    precisions.push(precision);
    if (!positives.has(id)) continue;
    precisionsAtPositives.push(precision);
    if (reciprocalRank === 0) reciprocalRank = 1 / (i + 1);
  }
  return [meanOf(precisionsAtPositives), precisions[0]!, precisions[4]!, reciprocalRank];
}
