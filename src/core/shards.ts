import { z } from 'zod';
import type { ModelInfo } from './model.js';
import type { ProfileName } from './profile.js';
import type { Settings } from './setting.js';
import type { SystemSpec } from './system-spec.js';
import type { Task } from './task.js';

const count = z.int().nonnegative();

/**
 * The content of a shard, by reference to the task's data. `sequence` names a list of texts of the task
 * (runners/task-texts.ts); `pairs` names a set of its documents and queries (runners/task-pairs.ts).
 */
export const shardPartSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('texts'),
    sequence: z.string(),
    role: z.enum(['query', 'document']),
    /** Number of the first text in the sequence, from 0. */
    first: count,
    count: z.int().positive(),
  }),
  z.strictObject({
    kind: z.literal('pairs'),
    pairs: z.string(),
    /** Documents, each with the queries that have it among their candidates. */
    candidates: z.array(z.strictObject({ documentId: z.string(), queryIds: z.array(z.string()) })).nonempty(),
  }),
]);
export type ShardPart = z.output<typeof shardPartSchema>;
export type TextsPart = Extract<ShardPart, { kind: 'texts' }>;
export type PairsPart = Extract<ShardPart, { kind: 'pairs' }>;
/** A document and the queries that have it among their candidates. */
export type DocumentQueries = PairsPart['candidates'][number];

/** A shard that is missing in the store. */
export interface ShardRequest {
  /** Its number within its stage, from 0; stored shards count, too. */
  readonly index: number;
  /** The keys to store it under: one per view, or one for pairs. */
  readonly keys: readonly string[];
  readonly part: ShardPart;
  readonly model: ModelInfo;
  /** All settings of the encoder or scorer. */
  readonly settings: Settings;
}

/** Computes the shards that are missing in the store: in this process, or on other machines. */
export interface ShardWork {
  /** Maximum number of shards in work concurrently. */
  readonly inFlight: number;
  /** Texts per shard, or documents per shard of pairs, if not the default. */
  readonly size?: number | undefined;
  /**
   * Returns when the shard is stored, or at once if it is another machine's share.
   * @param compute computes and stores the shard in this process
   */
  make(shard: ShardRequest, compute: () => Promise<void>): Promise<void>;
  /** Who has computed shards so far. Undefined if no other process computes any. */
  report?(): WorkReport;
}

/** Which workers computed shards, and what came of computing some of them twice. Plain values, for records. */
export interface WorkReport {
  /** Sorted by name (HOST:PROCESS). Shards that were computed again to be compared do not count. */
  readonly workers: readonly { readonly name: string; readonly processor: string; readonly shards: number }[];
  /** Build id of all workers: those of another build are refused. */
  readonly build: string;
  /** Number of shards that a second worker computed again. */
  readonly compared: number;
  /** Number of these whose bits differed. */
  readonly differing: number;
  /** Largest difference, relative to the largest number of its row (a text's vector, or a shard's scores). */
  readonly largestDifference: number;
}

/** The default: computes all shards in this process; two concurrently, so that the model is busy between shards. */
export const localWork: ShardWork = { inFlight: 2, make: (_shard, compute) => compute() };

/** One machine's part of a run on `count` machines without a queue: every `count`-th shard. */
export interface Share {
  /** From 1 to `count`. */
  readonly number: number;
  readonly count: number;
}

/** Computes only the shards of this share; the others are skipped. */
export function shareOf({ number, count: machines }: Share, size?: number): ShardWork {
  const isOurs = (index: number): boolean => index % machines === number - 1;
  return {
    inFlight: localWork.inFlight,
    size,
    make: (shard, compute) => (isOurs(shard.index) ? compute() : Promise.resolve()),
  };
}

/** Distribution of a run's shards over machines. */
export interface Sharing {
  /** True: the run only fills the store; another run evaluates afterwards. */
  readonly fillOnly: boolean;
  workOf(system: SystemSpec, task: Task, profile: ProfileName): ShardWork;
}
