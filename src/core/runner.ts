import type { RetrievalTask } from './dataset.js';
import type { ModelInfo } from './model.js';
import type { Profile } from './profile.js';
import type { Run } from './run.js';
import type { ShardWork } from './shards.js';

/** The kinds of system that `run` knows. */
export const runnerNames = ['bm25', 'bi-encoder', 'cross-encoder', 'oracle'] as const;
export type RunnerName = (typeof runnerNames)[number];

/** A setting as it is recorded; every one that can change a score is in a system's `settings`. */
export type Setting = string | number | boolean | null;

/** What produced a run: enough to tell two systems apart, and to make the run again. */
export interface SystemInfo {
  /** Short and readable, unique within a report: `SGPT-BE sgpt-1m weightedmean`, `BM25`. */
  readonly name: string;
  /** The runner: bm25, bi-encoder, cross-encoder, oracle … */
  readonly runner: string;
  /** Systems of one family form one line of the plot across model sizes: `SGPT-BE weightedmean`. */
  readonly family: string;
  readonly model: ModelInfo | null;
  readonly settings: Readonly<Record<string, Setting>>;
}

export interface SystemRun {
  readonly system: SystemInfo;
  readonly run: Run;
  /** Work done, for the report of costs: seconds by stage, texts or pairs computed (not those found in the store). */
  readonly cost: Cost;
}

export interface Cost {
  readonly seconds: Readonly<Record<string, number>>;
  readonly texts?: number;
  readonly pairs?: number;
  /** Resident memory of this process and the model's own when it was largest. */
  readonly memoryMiB?: number;
  /** Of hosted models: requests, tokens as the server counts them, and what they cost at the price given. */
  readonly requests?: number;
  readonly tokens?: number;
  readonly price?: number;
}

/** A stage of long work: one bar on a terminal. */
export interface ProgressStage {
  /** Adds to what is done, in the stage's unit. */
  advance(by: number): void;
  /** The stage is over (also when it ended early). */
  end(): void;
}

/** Where runners say what they are doing. */
export interface Progress {
  stage(label: string, total: number, unit: string): ProgressStage;
  /** A line worth keeping: a fact found on the way. */
  note(message: string): void;
}

export interface RunnerContext {
  readonly profile: Profile;
  readonly progress: Progress;
  readonly signal?: AbortSignal | undefined;
  /** Who computes shards of vectors and scores; by default this process. */
  readonly shards?: ShardWork | undefined;
}

/** Searches the whole corpus. One retriever may yield several systems (poolings and layers of one pass). */
export interface Retriever {
  /** The systems it will yield, in order, known before the work: to skip what is already there. */
  readonly systems: readonly SystemInfo[];
  retrieve(task: RetrievalTask, topK: number, context: RunnerContext): Promise<readonly SystemRun[]>;
  /** Has the vectors computed that `retrieve` will look for in the store, and nothing else. */
  fill?(task: RetrievalTask, context: RunnerContext): Promise<void>;
  close(): Promise<void>;
}

/** Scores the first `depth` documents of a run anew. */
export interface Reranker {
  readonly system: SystemInfo;
  rerank(task: RetrievalTask, firstStage: Run, depth: number, context: RunnerContext): Promise<SystemRun>;
  /** Has the scores computed that `rerank` will look for in the store, and nothing else. */
  fill?(task: RetrievalTask, firstStage: Run, depth: number, context: RunnerContext): Promise<void>;
  close(): Promise<void>;
}
