import { InputError } from '../core/errors.js';
import type { Encoder, Matrix, Role } from '../core/model.js';
import type { ProgressStage, RunnerContext } from '../core/runner.js';
import { shardKey, type EmbeddingStore } from '../search/index.js';

/** Documents a shard: the unit that is encoded, stored and resumed. */
const shardSize = 1024;
/** While one shard's last texts are in the model, the next shard's first ones are, too. */
const shardsInFlight = 2;

/** Embedded texts: their ids, and where their vectors are in the store, one key a view. */
export interface Shard {
  readonly ids: readonly string[];
  readonly keys: readonly string[];
}

export interface TextWithId {
  readonly id: string;
  readonly text: string;
}

/** An encoder, and the store that keeps its vectors: what is there is not computed again. */
export interface StoredEncoder {
  readonly encoder: Encoder;
  readonly store: EmbeddingStore;
}

export interface Embedded {
  readonly shards: readonly Shard[];
  /** Texts that had to be encoded. */
  readonly computed: number;
}

/** Embeds texts shard by shard into the store. Memory is bounded by the shards in flight. */
export async function embed(
  stored: StoredEncoder,
  texts: AsyncIterable<TextWithId> | Iterable<TextWithId>,
  role: Role,
  total: number,
  { progress, signal }: RunnerContext,
): Promise<Embedded> {
  const stage = progress.stage(`encode ${role === 'query' ? 'queries' : 'documents'}`, total, 'texts');
  const jobs: Promise<{ shard: Shard; computed: number }>[] = [];
  try {
    for await (const batch of batches(texts, shardSize)) {
      const before = jobs.at(-shardsInFlight);
      if (before !== undefined) await before;
      const job = embedShard(stored, batch, role, stage, signal);
      job.catch(() => undefined); // seen by whoever awaits it below; without this, an early failure would be "unhandled"
      jobs.push(job);
    }
    const done = await Promise.all(jobs);
    return { shards: done.map(({ shard }) => shard), computed: done.reduce((sum, { computed }) => sum + computed, 0) };
  } finally {
    await Promise.allSettled(jobs);
    stage.end();
  }
}

/** Streams one view's vectors from the store, in the order of the shards. */
export async function* readShards(
  { store }: StoredEncoder,
  shards: readonly Shard[],
  view: number,
): AsyncGenerator<{ readonly ids: readonly string[]; readonly vectors: Matrix }> {
  const keys = shards.map((shard) => shard.keys[view]!);
  let shard = 0;
  for await (const vectors of store.getAll(keys)) {
    if (vectors === undefined)
      throw new InputError(
        `the stored vectors ${keys[shard]!} were damaged or deleted meanwhile; run the same command again to compute them anew`,
      );
    yield { ids: shards[shard++]!.ids, vectors };
  }
}

async function embedShard(
  { encoder, store }: StoredEncoder,
  batch: readonly TextWithId[],
  role: Role,
  stage: ProgressStage,
  signal: AbortSignal | undefined,
): Promise<{ shard: Shard; computed: number }> {
  const texts = batch.map(({ text }) => text);
  const keys = encoder.views.map((view) =>
    shardKey({ model: encoder.model, settings: encoder.settings, view: view.name, role, texts }),
  );
  const shard = { ids: batch.map(({ id }) => id), keys };
  const there = await Promise.all(keys.map((key) => store.has(key)));
  if (there.every(Boolean)) {
    stage.advance(texts.length);
    return { shard, computed: 0 };
  }
  const onProgress = (done: number): void => {
    stage.advance(done);
  };
  const matrices = await encoder.encode(texts, role, { signal, onProgress });
  await Promise.all(matrices.map((matrix, v) => store.put(keys[v]!, matrix)));
  return { shard, computed: texts.length };
}

/** Groups a stream into arrays of `size`, the last one shorter. */
export async function* batches<T>(items: AsyncIterable<T> | Iterable<T>, size: number): AsyncGenerator<T[]> {
  let batch: T[] = [];
  for await (const item of items) {
    batch.push(item);
    if (batch.length < size) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
