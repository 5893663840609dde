import { z } from 'zod';
import { InputError } from '../core/errors.js';
import type { EmbeddingView, Encoder, Matrix, Role, WorkOptions } from '../core/model.js';
import { familyOf } from '../models/index.js';
import { CachedRequests, type WantedInput } from './cached-requests.js';
import { contentKey } from './content-cache.js';
import { openInputs, type Input, type PreparedInput, type RemoteEncoderOptions } from './encoder-inputs.js';
import { usageSchema, type RemoteContext, type RemoteModel } from './remote-model.js';

export type { RemoteEncoderOptions } from './encoder-inputs.js';

/**
 * Opens an encoder behind `/embeddings` of OpenAI's interface (OpenAI, vLLM, text-embeddings-inference, Infinity). The
 * server tokenises, truncates and pools. With a tokenizer, token ids are sent, computed as for local models. Texts are
 * stripped. A text without tokens is not sent; its vector is zero, as with local models.
 *
 * A first request finds the number of dimensions, unless the cache has vectors. Vectors are cached as they arrive.
 * @param name the model's name on the server
 * @throws InputError for invalid options, and if the server cannot be used
 */
export async function createRemoteEncoder(
  name: string,
  options: RemoteEncoderOptions,
  context: RemoteContext,
): Promise<Encoder> {
  const { model, dimensions, settings, toInput, documentText } = await openInputs(name, options, context);
  try {
    const request = (inputs: readonly Input[], signal?: AbortSignal): Promise<Float32Array[]> =>
      embed(model, inputs, dimensions, signal);
    const requests = new CachedRequests(model.cache, model.batching, request);
    const view = {
      name: 'hosted',
      pooling: 'hosted',
      layer: null,
      dimensions: await dimensionsOf(model, requests, toInput),
    };
    requireDimensions(model, view.dimensions, dimensions);
    return {
      model: model.info,
      settings,
      views: [view],
      similarity: familyOf(name)?.similarity ?? null,
      ...(documentText === undefined ? {} : { documentText }),
      encode: (texts, role, work) =>
        encode(
          model,
          requests,
          view,
          texts.map((text) => toInput(text, role)),
          work,
        ),
      usage: () => model.meter.read(),
      close: () => model.cache.close(),
    };
  } catch (error) {
    await model.cache.close();
    throw error;
  }
}

function requireDimensions({ url }: RemoteModel, found: number, asked: number | null): void {
  if (asked === null || found === asked) return;
  throw new InputError(
    `${url}: returns vectors of ${found} dimensions where ${asked} are asked for; does the model have shorter ones? Leave --dimensions out`,
  );
}

async function dimensionsOf(
  { cache }: RemoteModel,
  requests: CachedRequests<Input>,
  toInput: (text: string, role: Role) => PreparedInput,
): Promise<number> {
  if (cache.columns === null) await requests.fill(wantedOf([toInput('dimensions', 'query').input]));
  return cache.columns!;
}

async function encode(
  { cache, info }: RemoteModel,
  requests: CachedRequests<Input>,
  { dimensions }: EmbeddingView,
  prepared: readonly PreparedInput[],
  work: WorkOptions = {},
): Promise<Matrix[]> {
  const inputs = prepared.map(({ input }) => input);
  const data = new Float32Array(inputs.length * dimensions);
  const empty = inputs.filter(({ length }) => length === 0).length;
  if (empty > 0) work.onProgress?.(empty);
  await requests.fill(wantedOf(inputs), work);
  for (const [row, input] of inputs.entries()) {
    if (input.length === 0) continue;
    const vector = await cache.get(keyOf(input));
    if (vector === undefined)
      throw new InputError(`${info.id}: a cached vector is damaged; run the same command again to request it anew`);
    data.set(vector, row * dimensions);
  }
  work.onCounts?.({
    empty: prepared.filter(({ empty }) => empty).length,
    truncated: prepared.some(({ truncated }) => truncated === null)
      ? null
      : prepared.filter(({ truncated }) => truncated).length,
  });
  return [{ rows: inputs.length, columns: dimensions, data }];
}

/** The distinct inputs with tokens, by key. */
function wantedOf(inputs: readonly Input[]): Map<string, WantedInput<Input>> {
  const wanted = new Map<string, WantedInput<Input>>();
  for (const input of inputs) {
    if (input.length === 0) continue;
    const key = keyOf(input);
    wanted.set(key, { input, length: input.length, count: (wanted.get(key)?.count ?? 0) + 1 });
  }
  return wanted;
}

function keyOf(input: Input): string {
  return contentKey(JSON.stringify(input));
}

const embeddingsSchema = z.object({
  data: z.array(z.object({ index: z.int().nonnegative().optional(), embedding: z.array(z.number()) })),
  usage: usageSchema,
});

/** Requests the vectors of a batch, in the order of the inputs. */
async function embed(
  model: RemoteModel,
  inputs: readonly Input[],
  dimensions: number | null,
  signal?: AbortSignal,
): Promise<Float32Array[]> {
  const shortened = dimensions === null ? {} : { dimensions };
  const body = { model: model.name, input: inputs, encoding_format: 'float', ...shortened };
  const { data, usage } = await model.client.post('/embeddings', body, embeddingsSchema, signal);
  model.meter.add(usage);
  const url = `${model.url}/embeddings`;
  if (data.length !== inputs.length) {
    throw new InputError(
      `${url}: the answer has ${data.length} vectors for ${inputs.length} texts; expected one per text`,
    );
  }
  const vectors = new Map(data.map(({ index, embedding }, i) => [index ?? i, Float32Array.from(embedding)]));
  return inputs.map((_, i) => {
    const vector = vectors.get(i);
    if (vector === undefined)
      throw new InputError(`${url}: the answer has no vector with index ${i}, or a duplicate index`);
    if (vector.length === 0 || !vector.every(Number.isFinite)) {
      throw new InputError(`${url}: a vector is empty or exceeds float32; expected finite numbers`);
    }
    model.cache.requireColumns(vector.length);
    return vector;
  });
}
