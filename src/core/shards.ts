import type { RetrievalTask } from './dataset.js';
import type { ModelInfo, Role } from './model.js';

/** What a shard is made of, by reference: enough for another process that has the same data. */
export type ShardPart =
  | {
      readonly kind: 'texts';
      readonly role: Role;
      /** Number of the first text, from 0: among the task's queries, or among the documents that the profile keeps. */
      readonly first: number;
      readonly count: number;
    }
  | { readonly kind: 'pairs'; readonly candidates: readonly Candidates[] };

/** A document and the queries that have it among their candidates. */
export interface Candidates {
  readonly documentId: string;
  readonly queryIds: readonly string[];
}

/** A shard that is not in the store. */
export interface ShardRequest {
  /** Its number within its stage, from 0; shards that are in the store are counted, too. */
  readonly index: number;
  /** Where the store is to have it: one key a view, or one for pairs. */
  readonly keys: readonly string[];
  readonly part: ShardPart;
  readonly model: ModelInfo;
  /** The encoder's or scorer's settings, all of them. */
  readonly settings: Readonly<Record<string, string | number | boolean | null>>;
}

/** Who computes the shards that are not in the store. */
export interface ShardWork {
  /** Shards under way at a time. */
  readonly inFlight: number;
  /** Texts, or documents with their pairs, a shard, where it is not to be the usual number. */
  readonly size?: number | undefined;
  /**
   * Sees to it that the store has a shard; one that is another machine's share is left alone.
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
export function shareOf({ number, count }: Share, size?: number): ShardWork {
  const isOurs = (index: number): boolean => index % count === number - 1;
  return {
    inFlight: computedHere.inFlight,
    size,
    make: (shard, compute) => (isOurs(shard.index) ? compute() : Promise.resolve()),
  };
}

/** A model and how it is opened, by reference: enough for another process that has the same model. */
export interface SharedSystem {
  /** A folder or a hub id. */
  readonly model: string;
  readonly poolings: readonly string[];
  /** Null for the last. */
  readonly layers: readonly (number | 'all')[] | null;
  readonly brackets: string;
  readonly dtype: 'fp32' | 'int8';
  /** Null for none. */
  readonly embedPrompt: string | null;
  /** The longest input wanted; null for the model's own limit. */
  readonly maxTokens: number | null;
  /** Null for encoders. */
  readonly prompt: string | null;
  /** How its vectors are stored; scores always as float32. */
  readonly storeDtype: 'float32' | 'float16';
}

/** How a run's shards are spread over machines. */
export interface Sharing {
  /** Only the store is to be filled: another run evaluates what is there in the end. */
  readonly fillOnly: boolean;
  workOf(system: SharedSystem, task: RetrievalTask): ShardWork;
}
