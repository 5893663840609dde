import type { Matrix, ModelInfo } from './model.js';
import type { Profile } from './profile.js';
import type { Progress } from './progress.js';
import type { Run } from './run.js';
import type { Settings } from './setting.js';
import type { ShardPart, ShardWork } from './shards.js';
import type { Cost, SystemInfo } from './system.js';
import type { Task } from './task.js';
import type { UsebScores } from './useb.js';

/** What a system makes of a task: a ranking per query, or the scores that its kind of task asks for. */
export type TaskOutput =
  { readonly kind: 'ranking'; readonly run: Run } | { readonly kind: 'useb'; readonly scores: UsebScores };

export interface SystemOutput {
  readonly system: SystemInfo;
  readonly output: TaskOutput;
  /** Work done, for the report of costs: seconds by stage, texts or pairs computed (not those found in the store). */
  readonly cost: Cost;
}

export interface RunnerContext {
  readonly profile: Profile;
  readonly progress: Progress;
  readonly signal?: AbortSignal | undefined;
  /** Who computes shards of vectors and scores; by default this process. */
  readonly shards?: ShardWork | undefined;
}

/** What is re-ranked. */
export interface CandidateRun {
  /** The first stage's name. */
  readonly name: string;
  readonly run: Run;
  /** How many of each ranking's first documents. */
  readonly depth: number;
}

/** What is asked of a runner on a task. */
export interface RunRequest {
  /** Documents per query, at most. */
  readonly topK: number;
  /** For runners that re-rank. */
  readonly candidates: CandidateRun | null;
}

/** A shard that is ready to be computed. */
export interface ReadyShard {
  readonly keys: readonly string[];
  readonly unit: 'texts' | 'pairs';
  /** How many of these it has. */
  readonly size: number;
  /** @returns one matrix per key */
  compute(signal: AbortSignal | undefined, onProgress: (done: number) => void): Promise<readonly Matrix[]>;
}

/**
 * A kind of system, opened: it searches, re-ranks or compares texts. One runner may yield several systems (poolings and
 * layers of one forward pass).
 */
export interface Runner {
  /** The systems it will yield on a task, in order, known before the work: to skip what is already there. */
  systemsOn(task: Task): readonly SystemInfo[];
  /** @returns an output per system, in their order */
  run(task: Task, request: RunRequest, context: RunnerContext): Promise<readonly SystemOutput[]>;
  /** Computes and stores what `run` will look for in the store, and nothing else. Missing where nothing is stored. */
  fill?(task: Task, request: RunRequest, context: RunnerContext): Promise<void>;
  /** One shard by itself, for workers of a queue. Missing where nothing is stored. */
  openShard?(task: Task, part: ShardPart, profile: Profile): Promise<ReadyShard>;
  /** The model, and its settings as hashed into the keys of what is stored: what another process must have, too. */
  readonly stored?: { readonly model: ModelInfo; readonly settings: Settings };
  close(): Promise<void>;
}
