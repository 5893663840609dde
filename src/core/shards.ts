import { z } from 'zod';
import type { ModelInfo } from './model.js';
import type { Settings } from './setting.js';
import type { SystemSpec } from './system-spec.js';
import type { Task } from './task.js';

const count = z.int().nonnegative();

/**
 * What a shard is made of, by reference: enough for another process that has the same data. `sequence` names a list of texts
 * of the task (runners/task-texts.ts); `pairs` names a set of its documents and queries (runners/task-pairs.ts).
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
export type Candidates = PairsPart['candidates'][number];

/** A shard that is not in the store. */
export interface ShardRequest {
  /** Its number within its stage, from 0; shards that are in the store are counted, too. */
  readonly index: number;
  /** The keys it is stored under: one per view, or one for pairs. */
  readonly keys: readonly string[];
  readonly part: ShardPart;
  readonly model: ModelInfo;
  /** The encoder's or scorer's settings, all of them. */
  readonly settings: Settings;
}

/** Who computes the shards that are not in the store. */
export interface ShardWork {
  /** Shards under way at a time. */
  readonly inFlight: number;
  /** Texts, or documents with their pairs, per shard, where it is not to be the usual number. */
  readonly size?: number | undefined;
  /**
   * Returns once the store has the shard. A shard that is another machine's share is left alone.
   * @param compute does the work in this process
   */
  make(shard: ShardRequest, compute: () => Promise<void>): Promise<void>;
}

/** The usual: all in this process. While one shard's last texts are in the model, the next shard's first ones are, too. */
export const computedHere: ShardWork = { inFlight: 2, make: (_shard, compute) => compute() };

/** One machine's part of work that is done by `count` of them, without a queue: every `count`-th shard. */
export interface Share {
  /** From 1 to `count`. */
  readonly number: number;
  readonly count: number;
}

/** Only this share's shards are computed, here; the others are left alone. */
export function shareOf({ number, count: machines }: Share, size?: number): ShardWork {
  const isOurs = (index: number): boolean => index % machines === number - 1;
  return {
    inFlight: computedHere.inFlight,
    size,
    make: (shard, compute) => (isOurs(shard.index) ? compute() : Promise.resolve()),
  };
}

/** How a run's shards are spread over machines. */
export interface Sharing {
  /** Only the store is to be filled: another run evaluates what is there in the end. */
  readonly fillOnly: boolean;
  workOf(system: SystemSpec, task: Task): ShardWork;
}
