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
export { openBeirFolder, openTask, readQrels } from './datasets/index.js';
export { openUsebTasks } from './datasets/useb/index.js';
export { bench, type BenchPlan } from './bench.js';
export {
  benchReranker,
  benchRetriever,
  defaultMeasures,
  firstStageOf,
  mainMeasure,
  type BenchContext,
  type BenchSettings,
  type FirstStage,
} from './evaluate.js';
export { evaluateRun, parseMeasure, type Evaluation, type Measure } from './measures/index.js';
export { evaluateUseb, usebAverage, usebPercentage, type UsebEvaluation } from './measures/useb/index.js';
export {
  createBiEncoder,
  createCrossEncoder,
  type BiEncoderOptions,
  type CrossEncoderOptions,
} from './models/index.js';
export { mergeFolders, type Merged } from './merge.js';
export { buildReport, renderTextTable, writeReport } from './reports/index.js';
export { baselineOf, onePerEntry, readBaseline, writeBaseline, type Baseline } from './results/baseline.js';
export { hasFailed, type CheckCase, type CheckReport } from './results/check-report.js';
export { compareResults, type ResultComparison } from './results/comparison.js';
export { checkBaseline, type GateLimits } from './results/gate.js';
export type { ScoredResult } from './results/pairing.js';
export { checkPublished } from './results/published-check.js';
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
export { usebBiEncoder, type UsebRunner, type UsebSystemScores } from './runners/useb.js';
export { Bm25Index, bm25Settings, EmbeddingStore, searchExact } from './search/index.js';
export { openStorePlace, type PlaceOptions, type StoredFile, type StorePlace } from './stores/index.js';
export { benchUseb } from './useb.js';
