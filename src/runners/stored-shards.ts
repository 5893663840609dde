import type { ReadyShard, RunnerContext } from '../core/runner.js';
import type { ProgressStage } from '../core/progress.js';
import { computedHere, type ShardRequest } from '../core/shards.js';
import type { VectorStore } from '../stores/index.js';

/** A shard that the store is to have. */
export interface WantedShard extends Omit<ShardRequest, 'keys'> {
  readonly ready: ReadyShard;
  /** Whether the store has it already. Default: whether it has all keys. */
  readonly isStored?: () => Promise<boolean>;
}

/**
 * Returns once the store has a shard, or is known to get it from another machine: one that is there is not computed again.
 * Progress counts each of its texts or pairs once, whoever computes them.
 * @returns how many texts or pairs had to be computed
 */
export async function ensureStored(
  store: VectorStore,
  { ready, isStored, ...shard }: WantedShard,
  stage: ProgressStage,
  { shards: work = computedHere, signal }: Pick<RunnerContext, 'shards' | 'signal'>,
): Promise<number> {
  const { keys, size } = ready;
  if (await (isStored?.() ?? store.hasAll(keys))) {
    stage.advance(size);
    return 0;
  }
  let shown = 0;
  const onProgress = (done: number): void => {
    shown += done;
    stage.advance(done);
  };
  await work.make({ ...shard, keys }, async () => store.putAll(keys, await ready.compute(signal, onProgress)));
  stage.advance(size - shown);
  return size;
}
