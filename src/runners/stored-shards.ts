import type { ReadyShard, RunnerContext } from '../core/runner.js';
import type { ProgressStage } from '../core/progress.js';
import { localWork, type ShardRequest } from '../core/shards.js';
import type { VectorStore } from '../stores/index.js';

/** A shard that must be in the store. */
export interface RequiredShard extends Omit<ShardRequest, 'keys'> {
  readonly ready: ReadyShard;
  /** Returns true if the store has the shard. Default: it has all keys. */
  readonly isStored?: () => Promise<boolean>;
}

/**
 * Returns when a shard is stored, or another machine is to compute it; a stored shard is not recomputed. Progress counts
 * each text or pair once.
 * @returns the number of computed texts or pairs
 */
export async function ensureStored(
  store: VectorStore,
  { ready, isStored, ...shard }: RequiredShard,
  stage: ProgressStage,
  { shards: work = localWork, signal }: Pick<RunnerContext, 'shards' | 'signal'>,
): Promise<number> {
  const { keys, size } = ready;
  if (await (isStored?.() ?? store.hasAll(keys))) {
    stage.advance(size);
    return 0;
  }
  let reported = 0;
  const onProgress = (done: number): void => {
    reported += done;
    stage.advance(done);
  };
  await work.make({ ...shard, keys }, async () => store.putAll(keys, await ready.compute(signal, onProgress)));
  stage.advance(size - reported);
  return size;
}
