import type { EmbeddingView, Encoder, Matrix, Role } from '../core/model.js';
import { InputError } from '../core/errors.js';
import type { InputCounts, InputSummary, MadeShards } from '../core/health.js';
import type { ReadyShard, RunnerContext } from '../core/runner.js';
import type { Settings } from '../core/setting.js';
import type { SystemInfo } from '../core/system.js';
import { excerpt } from '../core/text.js';
import { settingsOfRole, withoutOmitted } from '../core/system-spec.js';
import { sumInputs, sumMakers, type ShardHealth } from '../core/sum-health.js';
import type { ShardChunk, VectorChunk } from '../search/index.js';
import { shardKey, type VectorStore } from '../stores/index.js';
import { batches, inOrder } from './ordered-concurrency.js';
import { ensureStored } from './stored-shards.js';
import type { TextSequence, TextWithId } from './task-texts.js';
import { formName, wholeForm, type VectorForm } from './vector-forms.js';

/** Texts per shard; a shard is encoded, stored and resumed as a whole. */
const shardSize = 1024;

/** Ids of embedded texts, and the store keys of their vectors, one per view. */
export interface Shard {
  readonly ids: readonly string[];
  readonly keys: readonly string[];
  /** What the store knows of the vectors, one per view; empty if another machine is to compute them. */
  readonly health: readonly ShardHealth[];
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
 * The system of one view. Vectors stored as float16, cut, quantized, or compared otherwise than by cosine make a different
 * system, in name and settings.
 * @param more settings of the vectors' use, such as the similarity
 */
export function systemOf(
  { encoder: { model, settings }, store: { dtype } }: StoredEncoder,
  view: EmbeddingView,
  more: Settings,
  form: VectorForm = wholeForm,
): SystemInfo {
  const { similarity = 'cosine' } = more;
  const compared = similarity === 'cosine' || similarity === 'hamming' ? '' : ` by ${similarity}`;
  const suffix = formName(form) + compared + (dtype === 'float32' ? '' : ` stored ${dtype}`);
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
    const stored = await ensureStored(store, request, stage, context);
    return { ids: batch.map(({ id }) => id), keys: ready.keys, ...stored };
  };
  const shards: Shard[] = [];
  let computed = 0;
  try {
    for await (const shard of inOrder(batches(texts, size), inFlight, embedShard)) {
      shards.push({ ids: shard.ids, keys: shard.keys, health: shard.health });
      computed += shard.computed;
    }
    refuseZeroVectors(encoder, name, shards);
    return { shards, computed };
  } finally {
    stage.end();
  }
}

/** A shard of texts, with one key per view. */
export function textShard(encoder: Encoder, texts: readonly string[], role: Role): ReadyShard {
  const { model, settings, views } = encoder;
  return {
    keys: views.map(({ name }) =>
      shardKey({ model, settings: settingsOfRole(settings, role), view: name, role, texts }),
    ),
    unit: 'texts',
    size: texts.length,
    async compute(signal, onProgress) {
      let counts: InputCounts | null = null;
      const onCounts = (counted: InputCounts): void => void (counts = counted);
      const matrices = await encoder.encode(texts, role, { signal, onProgress, onCounts });
      for (const matrix of matrices) requireFinite(matrix, texts, encoder);
      return { matrices, inputs: texts.length, counts };
    },
  };
}

/** @throws InputError that names the text of a vector with a value that is not finite; encoders should refuse it earlier */
function requireFinite({ columns, data }: Matrix, texts: readonly string[], { model }: Encoder): void {
  const bad = data.findIndex((value) => !Number.isFinite(value));
  if (bad < 0) return;
  const text = excerpt(texts[Math.floor(bad / columns)]!);
  throw new InputError(`${model.id}: the vector of "${text}" has the value ${data[bad]!}; expected finite numbers`);
}

/** The inputs of a view's vectors. */
export function viewInputs(shards: readonly Shard[], view: number): InputSummary {
  return sumInputs(shards.flatMap(({ health }) => health[view] ?? []));
}

/** Those who computed a view's vectors. */
export function viewMakers(shards: readonly Shard[], view: number): MadeShards[] {
  return sumMakers(shards.flatMap(({ health }) => health[view] ?? []));
}

/** @throws InputError if all vectors of a view are zero, so that every text is equally near to every other */
function refuseZeroVectors({ model, views }: Encoder, name: string, shards: readonly Shard[]): void {
  for (const [i, { name: view }] of views.entries()) {
    const { total, zeroVectors, empty } = viewInputs(shards, i);
    if (total === 0 || zeroVectors !== total) continue;
    const reason =
      empty === total ? 'its tokenizer finds no token in any of them' : 'its weights or its tokenizer are damaged';
    throw new InputError(`${model.id}: all ${total} ${view} vectors of the ${name} are zero; ${reason}`);
  }
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

/** As {@link readShards}, but decoded. */
export async function* readVectors(
  { store }: StoredEncoder,
  shards: readonly Shard[],
  view: number,
): AsyncGenerator<VectorChunk> {
  let at = 0;
  for await (const vectors of store.getAll(keysOf(shards, view))) yield { ids: shards[at++]!.ids, vectors };
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
