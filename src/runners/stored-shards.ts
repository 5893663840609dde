import type { ReadyShard, RunnerContext } from '../core/runner.js';
import type { ProgressStage } from '../core/progress.js';
import type { ShardHealth } from '../core/sum-health.js';
import { localWork, type ShardRequest } from '../core/shards.js';
import type { VectorStore } from '../stores/index.js';

/** A shard that must be in the store. */
export interface RequiredShard extends Omit<ShardRequest, 'keys'> {
  readonly ready: ReadyShard;
  /** Returns true if the store has the shard. Default: it has all keys. */
  readonly isStored?: () => Promise<boolean>;
}

/** A shard after {@link ensureStored}. */
export interface StoredShard {
  /** Number of texts or pairs computed; 0 if the shard was stored before. */
  readonly computed: number;
  /** What the store knows of the shard, by key; empty if another machine is to compute it. */
  readonly health: readonly ShardHealth[];
}

/**
 * Returns when a shard is stored, or another machine is to compute it; a stored shard is not recomputed. Progress counts
 * each text or pair once.
 * @returns the number of computed texts or pairs, and what the store knows of the shard, by key
 */
export async function ensureStored(
  store: VectorStore,
  { ready, isStored, ...shard }: RequiredShard,
  stage: ProgressStage,
  { shards: work = localWork, signal }: Pick<RunnerContext, 'shards' | 'signal'>,
): Promise<StoredShard> {
  const { keys, size } = ready;
  const health = (await isStored?.()) === false ? undefined : await store.healthOf(keys);
  if (health !== undefined) {
    stage.advance(size);
    return { computed: 0, health };
  }
  let reported = 0;
  const onProgress = (done: number): void => {
    reported += done;
    stage.advance(done);
  };
  await work.make({ ...shard, keys }, async () => store.putAll(keys, await ready.compute(signal, onProgress)));
  stage.advance(size - reported);
  return { computed: size, health: (await store.healthOf(keys)) ?? [] };
}
