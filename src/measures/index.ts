export {
  evaluateRun,
  evaluationOptions,
  Evaluator,
  meanOverQueries,
  plainEvaluation,
  type Evaluation,
  type EvaluationCounts,
  type EvaluationOptions,
} from './aggregate.js';
export { judge, onlyJudged, unjudged, type JudgedRanking, type Measure } from './measure.js';
export { describeMeasures, measureForms } from './describe.js';
export { defaultMeasures, judgedOnly, parseMeasure, parseMeasures } from './parse.js';
export { roundHalfEven } from './rounding.js';
