/** `sgpt-bench/measures`: measures with trec_eval's arithmetic, USEB's numbers, paired tests. */
export {
  evaluateRun,
  evaluationOptions,
  Evaluator,
  plainEvaluation,
  type Evaluation,
  type EvaluationOptions,
} from '../measures/index.js';
export {
  describeMeasures,
  judgedOnly,
  measureForms,
  parseMeasure,
  parseMeasures,
  roundHalfEven,
  type Measure,
} from '../measures/index.js';
export { profileByName, profileNames, type Profile, type ProfileName } from '../core/profile.js';
export { comparePaired, holm, pairedTTest, type PairedComparison } from '../measures/significance.js';
export { evaluateUseb, usebAverage, usebPercentage, type UsebEvaluation } from '../measures/useb/index.js';
export type { Qrels } from '../core/dataset.js';
export { compareScored, rank, withoutIdenticalId, type Ranking, type Run } from '../core/run.js';
