import { z } from 'zod';
import { InputError } from '../core/errors.js';
import type { EmbeddingView, Encoder, Matrix, Role, WorkOptions } from '../core/model.js';
import type { Settings } from '../core/setting.js';
import { modelSettings } from '../core/system-spec.js';
import { pythonStrip } from '../core/text.js';
import { bracketIds, resolveBrackets, textIds, tokenLimit, type Brackets } from '../models/index.js';
import { CachedRequests, type WantedInput } from './cached-requests.js';
import { contentKey } from './content-cache.js';
import {
  openRemoteModel,
  usageSchema,
  type RemoteContext,
  type RemoteModel,
  type RemoteOptions,
} from './remote-model.js';

export interface RemoteEncoderOptions extends RemoteOptions {
  /** Brackets around queries and documents; they are token ids, so they need `tokenizer`. Default: `auto`. */
  readonly brackets?: Brackets | undefined;
  /** The profile's limit of tokens per text, null for none; needs `tokenizer`. The model's own limit is `maxTokens`. */
  readonly tokenLimit: number | null;
}

/** The text or the token ids that are sent. */
type Input = string | readonly number[];

/** An input, and what is known of it; the server may truncate a text without saying so. */
interface PreparedInput {
  readonly input: Input;
  readonly empty: boolean;
  readonly truncated: boolean | null;
}

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
  const { model, settings, toInput } = await openInputs(name, options, context);
  try {
    const request = (inputs: readonly Input[], signal?: AbortSignal): Promise<Float32Array[]> =>
      embed(model, inputs, signal);
    const requests = new CachedRequests(model.cache, model.batching, request);
    const view = {
      name: 'hosted',
      pooling: 'hosted',
      layer: null,
      dimensions: await dimensionsOf(model, requests, toInput),
    };
    return {
      model: model.info,
      settings,
      views: [view],
      similarity: null,
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

/** Opens the model, and returns its settings and the function from texts to inputs. */
async function openInputs(
  name: string,
  options: RemoteEncoderOptions,
  context: RemoteContext,
): Promise<{
  model: RemoteModel;
  settings: Encoder['settings'];
  toInput: (text: string, role: Role) => PreparedInput;
}> {
  const brackets = resolveBrackets(options.brackets ?? 'auto', name);
  if (brackets !== 'none' && options.tokenizer === undefined) {
    throw new InputError(
      `openai:${name}: brackets "${brackets}" are token ids, which only --tokenizer DIR (the folder with the model's ` +
        'tokenizer.json) can send; or choose --brackets none',
    );
  }
  const model = await openRemoteModel(name, 'embeddings', options, context);
  const { tokenizer, info } = model;
  // The keys of shards need the endpoint and the name, because a hosted model has no file hashes.
  const settings = (maxTokens: number | null, input: string): Settings =>
    modelSettings('hosted vectors', { brackets, maxTokens, endpoint: model.url }, { hostedModel: name, input });
  if (tokenizer === null) {
    return { model, settings: settings(null, 'text'), toInput: asText };
  }
  const ids = bracketIds(brackets, tokenizer, info.id);
  const limit = tokenLimit(options.tokenLimit, options.maxTokens ?? null, tokenizer, ids);
  return {
    model,
    settings: settings(limit, 'token ids'),
    toInput(text, role) {
      const { ids: input, ...counted } = textIds(tokenizer, text, ids?.[role] ?? null, limit);
      return { input: [...input], ...counted };
    },
  };
}

function asText(text: string): PreparedInput {
  const input = pythonStrip(text);
  return { input, empty: input === '', truncated: null };
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
async function embed(model: RemoteModel, inputs: readonly Input[], signal?: AbortSignal): Promise<Float32Array[]> {
  const body = { model: model.name, input: inputs, encoding_format: 'float' };
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
