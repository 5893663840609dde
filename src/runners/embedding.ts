import type { EmbeddingView, Encoder, Matrix, Role } from '../core/model.js';
import type { ReadyShard, RunnerContext } from '../core/runner.js';
import type { Settings } from '../core/setting.js';
import type { SystemInfo } from '../core/system.js';
import { withoutOmitted } from '../core/system-spec.js';
import type { ShardChunk } from '../search/index.js';
import { shardKey, type VectorStore } from '../stores/index.js';
import { batches, inOrder } from './ordered-concurrency.js';
import { ensureStored } from './stored-shards.js';
import type { TextSequence, TextWithId } from './task-texts.js';

/** Texts per shard; a shard is encoded, stored and resumed as a whole. */
const shardSize = 1024;

/** Ids of embedded texts, and the store keys of their vectors, one per view. */
export interface Shard {
  readonly ids: readonly string[];
  readonly keys: readonly string[];
}

/** An encoder with a store for its vectors; stored vectors are not recomputed. */
export interface StoredEncoder {
  readonly encoder: Encoder;
  readonly store: VectorStore;
}

export interface Embedded {
  readonly shards: readonly Shard[];
  /** Number of texts that were encoded, not found in the store. */
  readonly computed: number;
}

/**
 * The system of one view. Vectors stored as float16, or compared otherwise than by cosine, make a different system, in name
 * and settings.
 * @param more settings of the vectors' use, such as the similarity
 */
export function systemOf(
  { encoder: { model, settings }, store: { dtype } }: StoredEncoder,
  view: EmbeddingView,
  more: Settings,
): SystemInfo {
  const { similarity = 'cosine' } = more;
  const suffix = (similarity === 'cosine' ? '' : ` by ${similarity}`) + (dtype === 'float32' ? '' : ` stored ${dtype}`);
  return {
    name: `BE ${model.id} ${view.name}${suffix}`,
    runner: 'bi-encoder',
    family: `BE ${view.name}${suffix}`,
    model,
    settings: {
      ...settings,
      pooling: view.pooling,
      layer: view.layer,
      ...more,
      ...withoutOmitted({ storeDtype: dtype }),
    },
  };
}

/** Embeds a sequence of texts into the store, shard by shard. Only the shards in flight are in memory. */
export async function embed(stored: StoredEncoder, sequence: TextSequence, context: RunnerContext): Promise<Embedded> {
  const { encoder, store } = stored;
  const { name, role, total, texts } = sequence;
  const stage = context.progress.stage(`encode ${role === 'query' ? 'queries' : 'documents'}`, total, 'texts');
  const { size = shardSize, inFlight = 2 } = context.shards ?? {};
  const embedShard = async (batch: readonly TextWithId[], index: number): Promise<Shard & { computed: number }> => {
    const ready = textShard(
      encoder,
      batch.map(({ text }) => text),
      role,
    );
    const part = { kind: 'texts', sequence: name, role, first: index * size, count: batch.length } as const;
    const request = { index, ready, part, model: encoder.model, settings: encoder.settings };
    const computed = await ensureStored(store, request, stage, context);
    return { ids: batch.map(({ id }) => id), keys: ready.keys, computed };
  };
  const shards: Shard[] = [];
  let computed = 0;
  try {
    for await (const shard of inOrder(batches(texts, size), inFlight, embedShard)) {
      shards.push({ ids: shard.ids, keys: shard.keys });
      computed += shard.computed;
    }
    return { shards, computed };
  } finally {
    stage.end();
  }
}

/** A shard of texts, with one key per view. */
export function textShard(encoder: Encoder, texts: readonly string[], role: Role): ReadyShard {
  const { model, settings, views } = encoder;
  return {
    keys: views.map(({ name }) => shardKey({ model, settings, view: name, role, texts })),
    unit: 'texts',
    size: texts.length,
    compute: (signal, onProgress) => encoder.encode(texts, role, { signal, onProgress }),
  };
}

/**
 * Streams one view's vectors of documents, in the order of the shards.
 * @throws InputError for missing vectors
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
 * All vectors of a view as one matrix; meant for queries, which are few.
 * @throws InputError for missing or damaged vectors
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
