import { InputError } from '../../core/errors.js';
import { twitterParts, type LabelledPair, type TwitterPart, type TwitterParaTask } from '../../core/useb.js';
import { averagePrecisionOfPairs, spearman } from '../pairs.js';
import { meanOf, type UsebEvaluation } from './evaluation.js';

const undecided = 3;

/**
 * Average precision (label above 3 against below 3; pairs labelled 3 left out) and Spearman's correlation with the labels
 * (all pairs), for both parts, and their means (`twitterpara.py` of UKPLab/useb).
 * @param cosines one per pair
 */
export function evaluateTwitterPara(
  task: TwitterParaTask,
  cosines: Readonly<Record<TwitterPart, Float32Array>>,
): UsebEvaluation {
  const values = new Map<string, number>();
  for (const part of twitterParts) {
    const pairs = task.pairs[part];
    values.set(`ap_twitter_${part}`, averagePrecision(pairs, cosines[part]));
    values.set(`spearman_twitter_${part}`, correlation(pairs, cosines[part], part));
  }
  for (const measure of ['ap', 'spearman']) {
    values.set(`${measure}_twitter_avg`, meanOf(twitterParts.map((part) => values.get(`${measure}_twitter_${part}`)!)));
  }
  return { values, queryMeasures: [], queries: [] };
}

function averagePrecision(pairs: readonly LabelledPair[], cosines: Float32Array): number {
  const decided = [...pairs.keys()].filter((i) => pairs[i]!.label !== undecided);
  return averagePrecisionOfPairs(
    decided.map((i) => pairs[i]!.label > undecided),
    decided.map((i) => cosines[i]!),
  );
}

function correlation(pairs: readonly LabelledPair[], cosines: Float32Array, part: TwitterPart): number {
  const value = spearman(
    pairs.map(({ label }) => label),
    cosines,
  );
  if (!Number.isNaN(value)) return value;
  throw new InputError(
    `all pairs of ${part} have the same similarity, so they have no rank correlation with the labels`,
  );
}
