/**
 * The library's public face: everything the command line is made of. A data set goes in, runs, measures and records come
 * out; see docs/ for how to add a data set, a model architecture, a measure or a runner.
 */
export type * from './core/dataset.js';
export { InputError, InterruptedError } from './core/errors.js';
export type * from './core/model.js';
export { documentText, profileByName, profileNames, type Profile, type ProfileName } from './core/profile.js';
export {
  shareOf,
  type Share,
  type SharedSystem,
  type Sharing,
  type ShardRequest,
  type ShardWork,
} from './core/shards.js';
export { compareScored, rank, withoutIdenticalId, type Ranking, type Run } from './core/run.js';
export type * from './core/runner.js';
export {
  usebDatasets,
  usebMainMeasures,
  usebNormalizations,
  type UsebNormalization,
  type UsebScores,
  type UsebTask,
} from './core/useb.js';
export { openBeirFolder, openTask, readQrels } from './suites/index.js';
export { openUsebTasks } from './suites/useb/open.js';
export { bench, type BenchPlan } from './pipeline/run-plan.js';
export {
  benchReranker,
  benchRetriever,
  defaultMeasures,
  firstStageOf,
  mainMeasure,
  type BenchContext,
  type BenchSettings,
  type FirstStage,
} from './pipeline/retrieval.js';
export { evaluateRun, parseMeasure, type Evaluation, type Measure } from './measures/index.js';
export { evaluateUseb, usebAverage, usebPercentage, type UsebEvaluation } from './measures/useb/index.js';
export {
  createBiEncoder,
  createCrossEncoder,
  type BiEncoderOptions,
  type CrossEncoderOptions,
} from './models/index.js';
export { mergeFolders, type Merged } from './pipeline/merge.js';
export { buildReport, renderTextTable, writeReport } from './reports/index.js';
export { baselineOf, onePerEntry, readBaseline, writeBaseline, type Baseline } from './results/check/baseline.js';
export { hasFailed, type CheckCase, type CheckReport } from './results/check/check-report.js';
export { compareResults, type ResultComparison } from './results/compare/comparison.js';
export { checkBaseline, type GateLimits } from './results/check/gate.js';
export type { ScoredResult } from './results/compare/pairing.js';
export { checkPublished } from './results/check/published-check.js';
export type { PerQuery, ResultRecord } from './results/record.js';
export { readRun, writeRun } from './results/run-file.js';
export { loadPerQuery, loadResult, loadResults, type StoredResult } from './results/store.js';
export {
  createRemoteEncoder,
  createRemotePairScorer,
  type RemoteContext,
  type RemoteEncoderOptions,
  type RemotePairScorerOptions,
} from './remote/index.js';
export { biEncoderRetriever } from './runners/bi-encoder.js';
export { bm25Retriever } from './runners/bm25.js';
export { crossEncoderReranker } from './runners/cross-encoder.js';
export { oracleReranker } from './runners/oracle.js';
export { searchServerRetriever, type SearchServer } from './runners/search-server.js';
export { usebCrossEncoder } from './runners/useb-cross-encoder.js';
export { usebBiEncoder, type UsebRunner, type UsebSystemScores } from './runners/useb-bi-encoder.js';
export { Bm25Index, bm25Settings, searchExact } from './search/index.js';
export { VectorStore } from './stores/index.js';
export { openStoreBackend, type BackendOptions, type StoredFile, type StoreBackend } from './stores/index.js';
export { benchUseb } from './pipeline/useb.js';
