/** `sgpt-bench/runners`: kinds of systems, and their building blocks. */
export type { CandidateRun, Runner, RunnerContext, RunRequest, SystemOutput } from '../core/runner.js';
export type { Cost, SystemInfo } from '../core/system.js';
export { completeSpec, type PartialSpec, type SystemSpec } from '../core/system-spec.js';
export { shareOf, type Share, type Sharing, type ShardRequest, type ShardWork } from '../core/shards.js';
export { runnerKindOf, runnerKinds, runnerNames, type OpenContext, type RunnerKind } from '../runners/index.js';
export { checkSpec } from '../runners/check-spec.js';
export { specsOf, type SystemValues } from '../runners/specs.js';
export { runOnTask } from '../pipeline/stored-result.js';
export type { PipelineContext, RunSettings } from '../pipeline/context.js';
export { biEncoderRunner } from '../runners/bi-encoder.js';
export { bm25Runner } from '../runners/bm25.js';
export { crossEncoderRunner } from '../runners/cross-encoder.js';
export { oracleRunner } from '../runners/oracle.js';
export { searchServerRunner, type SearchServer } from '../runners/search-server/runner.js';
