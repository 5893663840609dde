import type { InputCounts, InputHealth } from './health.js';
import type { Matrix, ModelInfo } from './model.js';
import type { Profile } from './profile.js';
import type { Progress } from './progress.js';
import type { Run } from './run.js';
import type { Settings } from './setting.js';
import type { ShardPart, ShardWork } from './shards.js';
import type { Cost, SystemInfo } from './system.js';
import type { Task } from './task.js';
import type { UsebScores } from './useb.js';

/** The output of a system on a task: one ranking per query, or the scores of a USEB task. */
export type TaskOutput =
  { readonly kind: 'ranking'; readonly run: Run } | { readonly kind: 'useb'; readonly scores: UsebScores };

export interface SystemOutput {
  readonly system: SystemInfo;
  readonly output: TaskOutput;
  /** Work done: seconds by stage, and the number of computed texts or pairs (without those found in the store). */
  readonly cost: Cost;
  /** What is known of the inputs behind the scores; undefined for a system without a model's inputs, such as BM25. */
  readonly health?: InputHealth;
}

export interface RunnerContext {
  readonly profile: Profile;
  readonly progress: Progress;
  readonly signal?: AbortSignal | undefined;
  /** Distribution of shards of vectors and scores over machines. Default: all in this process. */
  readonly shards?: ShardWork | undefined;
}

/** Candidates to re-rank. */
export interface CandidateRun {
  /** The first stage's name. */
  readonly name: string;
  readonly run: Run;
  /** Number of documents per query to re-rank. */
  readonly depth: number;
}

/** Input of a runner besides the task. */
export interface RunRequest {
  /** Maximum number of documents per query. */
  readonly topK: number;
  /** Candidates for a re-ranker; null for other runners. */
  readonly candidates: CandidateRun | null;
}

/** The inputs of a shard. */
export interface ShardInputs {
  /** Number of texts or pairs. */
  readonly inputs: number;
  /** Null if they were not counted. */
  readonly counts: InputCounts | null;
}

/** A computed shard: one matrix per key, and its inputs. */
export interface ShardContent extends ShardInputs {
  readonly matrices: readonly Matrix[];
}

/** A shard that can be computed. */
export interface ReadyShard {
  readonly keys: readonly string[];
  readonly unit: 'texts' | 'pairs';
  /** Number of texts or pairs. */
  readonly size: number;
  compute(signal: AbortSignal | undefined, onProgress: (done: number) => void): Promise<ShardContent>;
}

/**
 * An opened runner: it searches, re-ranks or compares texts. One runner may have several systems (poolings and layers of
 * one forward pass).
 */
export interface Runner {
  /** The systems that `run` will return for a task, in order. Known before the work, so that stored results can be skipped. */
  systemsOn(task: Task): readonly SystemInfo[];
  /** @returns one output per system, in the order of `systemsOn` */
  run(task: Task, request: RunRequest, context: RunnerContext): Promise<readonly SystemOutput[]>;
  /** Computes and stores the vectors or scores that `run` needs, without searching. Undefined if the runner stores nothing. */
  fill?(task: Task, request: RunRequest, context: RunnerContext): Promise<void>;
  /** Opens a single shard, for workers of a queue. Undefined if the runner stores nothing. */
  openShard?(task: Task, part: ShardPart, profile: Profile): Promise<ReadyShard>;
  /** Model and settings that are hashed into the keys of stored shards; those of another process must be equal. */
  readonly stored?: { readonly model: ModelInfo; readonly settings: Settings };
  close(): Promise<void>;
}
