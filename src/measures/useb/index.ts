import { usebDatasets, usebMainMeasures, type UsebScores, type UsebTask } from '../../core/useb.js';
import { roundHalfEven } from '../rounding.js';
import { evaluateAskUbuntu } from './askubuntu.js';
import { evaluateCqaDupStack } from './cqadupstack.js';
import type { UsebEvaluation } from './evaluation.js';
import { evaluateSciDocs } from './scidocs.js';
import { evaluateTwitterPara } from './twitterpara.js';

export type { UsebEvaluation, UsebQuery } from './evaluation.js';
export { usebMeans, usebPartOf } from './recompute.js';

/** Decimal places of the percentages that USEB prints. */
const decimals = 2;
export const usebFractionDecimals = decimals + 2;

/** All numbers of UKPLab/useb 0.0.1 for a system's scores on a task. The input is not modified. */
export function evaluateUseb(task: UsebTask, scores: UsebScores): UsebEvaluation {
  if (task.dataset === 'askubuntu' && scores.dataset === 'askubuntu') return evaluateAskUbuntu(task, scores.scores);
  if (task.dataset === 'cqadupstack' && scores.dataset === 'cqadupstack') return evaluateCqaDupStack(task, scores.runs);
  if (task.dataset === 'twitterpara' && scores.dataset === 'twitterpara')
    return evaluateTwitterPara(task, scores.cosines);
  if (task.dataset === 'scidocs' && scores.dataset === 'scidocs') return evaluateSciDocs(task, scores.runs);
  throw new TypeError(`scores of ${scores.dataset} do not fit the task ${task.name}`);
}

/** A number as USEB prints it: `round(value * 100, 2)`. */
export function usebPercentage(value: number): number {
  return roundHalfEven(value * 100, decimals);
}

/** The number that USEB prints, as a fraction; records hold fractions for all tasks. */
export function usebFraction(value: number): number {
  return roundHalfEven(usebPercentage(value) / 100, usebFractionDecimals);
}

/**
 * USEB's average: the mean of the four tasks' main numbers, each rounded as it is printed. The mean is not rounded.
 * @param values dataset → the task's numbers, as fractions
 */
export function usebAverage(values: ReadonlyMap<string, ReadonlyMap<string, number>>): number {
  const main = usebDatasets.map((dataset) => usebPercentage(values.get(dataset)!.get(usebMainMeasures[dataset])!));
  return main.reduce((sum, value) => sum + value, 0) / main.length;
}
