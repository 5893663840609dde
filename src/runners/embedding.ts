import type { EmbeddingView, Encoder, Matrix, Role } from '../core/model.js';
import type { ProgressStage, RunnerContext, Setting, SystemInfo } from '../core/runner.js';
import { computedHere, type ShardWork } from '../core/shards.js';
import type { ShardChunk } from '../search/index.js';
import { shardKey, type VectorStore } from '../stores/index.js';
import { batches, inOrder } from './ordered-concurrency.js';

/** Documents a shard: the unit that is encoded, stored and resumed. */
const shardSize = 1024;
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
  readonly store: VectorStore;
}

export interface Embedded {
  readonly shards: readonly Shard[];
  /** Texts that had to be encoded. */
  readonly computed: number;
}

/**
 * The system that one view makes, with what is done with its vectors. Vectors that the store rounds to float16 make
 * another system, by name and by settings. That they are kept as float32 goes unsaid: it changes nothing.
 */
export function systemOf(
  { encoder: { model, settings }, store: { dtype } }: StoredEncoder,
  view: EmbeddingView,
  more: Readonly<Record<string, Setting>>,
): SystemInfo {
  const [mark, stored] = dtype === 'float32' ? ['', {}] : [` stored ${dtype}`, { storeDtype: dtype }];
  return {
    name: `BE ${model.id} ${view.name}${mark}`,
    runner: 'bi-encoder',
    family: `BE ${view.name}${mark}`,
    model,
    settings: { ...settings, pooling: view.pooling, layer: view.layer, ...more, ...stored },
  };
}

/** Embeds texts shard by shard into the store. Memory is bounded by the shards in flight. */
export async function embed(
  stored: StoredEncoder,
  texts: AsyncIterable<TextWithId> | Iterable<TextWithId>,
  role: Role,
  total: number,
  { progress, signal, shards: work = computedHere }: RunnerContext,
): Promise<Embedded> {
  const stage = progress.stage(`encode ${role === 'query' ? 'queries' : 'documents'}`, total, 'texts');
  const shards: Shard[] = [];
  let computed = 0;
  try {
    const one = (batch: readonly TextWithId[], index: number): Promise<EmbeddedShard> =>
      embedShard(stored, { batch, role, index }, stage, work, signal);
    for await (const done of inOrder(batches(texts, work.size ?? shardSize), work.inFlight, one)) {
      shards.push(done.shard);
      computed += done.computed;
    }
    return { shards, computed };
  } finally {
    stage.end();
  }
}

/**
 * Streams one view's documents for the search, in the order of the shards.
 * @throws InputError for vectors that are missing
 */
export async function* readShards(
  { store }: StoredEncoder,
  shards: readonly Shard[],
  view: number,
): AsyncGenerator<ShardChunk> {
  let at = 0;
  for await (const shard of store.readAll(keysOf(shards, view))) yield { ids: shards[at++]!.ids, shard };
}

/**
 * All shards of a view as one matrix: for queries, which are few.
 * @throws InputError for vectors that are missing or damaged
 */
export async function gather(
  { encoder, store }: StoredEncoder,
  shards: readonly Shard[],
  view: number,
): Promise<{ ids: string[]; vectors: Matrix }> {
  const columns = encoder.views[view]!.dimensions;
  const ids = shards.flatMap((shard) => shard.ids);
  const data = new Float32Array(ids.length * columns);
  let row = 0;
  for await (const vectors of store.getAll(keysOf(shards, view))) {
    data.set(vectors.data, row * columns);
    row += vectors.rows;
  }
  return { ids, vectors: { rows: ids.length, columns, data } };
}

function keysOf(shards: readonly Shard[], view: number): string[] {
  return shards.map(({ keys }) => keys[view]!);
}

interface EmbeddedShard {
  readonly shard: Shard;
  readonly computed: number;
}

async function embedShard(
  { encoder, store }: StoredEncoder,
  { batch, role, index }: { batch: readonly TextWithId[]; role: Role; index: number },
  stage: ProgressStage,
  work: ShardWork,
  signal: AbortSignal | undefined,
): Promise<EmbeddedShard> {
  const texts = batch.map(({ text }) => text);
  const keys = textShardKeys(encoder, texts, role);
  const shard = { ids: batch.map(({ id }) => id), keys };
  const there = await Promise.all(keys.map((key) => store.has(key)));
  if (there.every(Boolean)) {
    stage.advance(texts.length);
    return { shard, computed: 0 };
  }
  let shown = 0;
  const onProgress = (done: number): void => {
    shown += done;
    stage.advance(done);
  };
  const { model, settings } = encoder;
  const first = index * (work.size ?? shardSize);
  const part = { kind: 'texts', role, first, count: texts.length } as const;
  await work.make({ index, keys, part, model, settings }, async () => {
    const matrices = await encoder.encode(texts, role, { signal, onProgress });
    await Promise.all(matrices.map((matrix, view) => store.put(keys[view]!, matrix)));
  });
  stage.advance(texts.length - shown);
  return { shard, computed: texts.length };
}

/** Where the store has the vectors of these texts: one key a view. */
export function textShardKeys({ model, settings, views }: Encoder, texts: readonly string[], role: Role): string[] {
  return views.map(({ name }) => shardKey({ model, settings, view: name, role, texts }));
}
