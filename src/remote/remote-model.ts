import { join } from 'node:path';
import { z } from 'zod';
import { InputError } from '../core/errors.js';
import { sha256, sha256OfFile } from '../io/files.js';
import type { RetryPolicy } from '../io/retry.js';
import type { ModelInfo, Usage } from '../core/model.js';
import { hostedFields } from '../core/system-fields.js';
import { completeFields, type FieldValues, type SystemSpec } from '../core/system-spec.js';
import { openTokenizer, type Tokenizer } from '../models/index.js';
import type { Batching } from './cached-requests.js';
import { ContentCache } from './content-cache.js';
import { openEndpoint } from './endpoint.js';
import { defaultRemoteRetry, JsonClient } from './json-client.js';

const remoteFields = [...hostedFields, 'maxTokens'] as const;

/** Fields of a system that any hosted model has (core/system-fields.ts says what each means). */
export type RemoteOptions = FieldValues<(typeof remoteFields)[number]>;

export interface RemoteContext {
  /** Folder of the caches of all hosted models. */
  readonly cacheFolder: string;
  /** Called with notes for the user. */
  readonly onNote: (message: string) => void;
  readonly retry?: RetryPolicy | undefined;
}

/** An open hosted model: what encoder and pair scorer share. */
export interface RemoteModel {
  readonly info: ModelInfo;
  /** `https://api.openai.com/v1` */
  readonly url: string;
  /** The server's name of the model. */
  readonly name: string;
  readonly client: JsonClient;
  readonly cache: ContentCache;
  /** Null if text is sent. */
  readonly tokenizer: Tokenizer | null;
  /** The model's longest input in tokens, as the user gave it. */
  readonly maxTokens: number | null;
  readonly meter: TokenMeter;
  readonly batching: Batching;
}

/** The limit of text-embeddings-inference, unless it is configured otherwise. */
const defaultBatchSize = 32;
const defaultConcurrency = 4;

/**
 * Opens a hosted model: checks the options, and opens tokenizer and cache.
 * @param kind separates the caches of vectors (by their size, if one is asked for) and of scores
 * @throws InputError for invalid options
 */
export async function openRemoteModel(
  name: string,
  kind: string,
  options: RemoteOptions,
  { cacheFolder, onNote, retry = defaultRemoteRetry }: RemoteContext,
): Promise<RemoteModel> {
  const fields = completeFields(remoteFields, options);
  const endpoint = openEndpoint(fields.endpoint, fields.apiKeyEnv);
  requireTokenizer(fields);
  const { tokenizer: folder, maxTokens } = fields;
  const tokenizer = folder === null ? null : await openTokenizer(folder);
  const files: Record<string, string> =
    folder === null ? {} : { 'tokenizer.json': await sha256OfFile(join(folder, 'tokenizer.json')) };
  return {
    info: {
      id: `openai:${name}@${endpoint.host}`,
      revision: null,
      architecture: 'unknown',
      parameters: fields.parameters,
      files,
      dtype: 'remote',
    },
    url: endpoint.url,
    name,
    client: new JsonClient(endpoint, { retry, onNote }),
    cache: await ContentCache.open(join(cacheFolder, sha256(JSON.stringify([kind, endpoint.url, name])))),
    tokenizer,
    maxTokens,
    meter: new TokenMeter(fields.pricePerMillion),
    batching: {
      batchSize: fields.batchSize ?? defaultBatchSize,
      concurrency: fields.concurrency ?? defaultConcurrency,
      onNote: (message) => {
        onNote(`${endpoint.host}: ${message}`);
      },
    },
  };
}

/** Checks that a limit of tokens comes with a tokenizer. @throws InputError if not */
export function requireTokenizer({ maxTokens, tokenizer }: Pick<SystemSpec, 'maxTokens' | 'tokenizer'>): void {
  if (maxTokens === null || tokenizer !== null) return;
  throw new InputError('--max-tokens needs --tokenizer DIR: the tokens of a hosted model are counted by its tokenizer');
}

/** An answer's usage; servers may omit it. */
export const usageSchema = z
  .object({ total_tokens: z.number().optional(), prompt_tokens: z.number().optional() })
  .nullish();

/** Sums the usage that servers report. */
export class TokenMeter {
  readonly #pricePerMillion: number | null;
  #requests = 0;
  #tokens = 0;

  constructor(pricePerMillion: number | null) {
    this.#pricePerMillion = pricePerMillion;
  }

  /** Adds an answer's usage; missing usage counts as no tokens. */
  add(usage: z.infer<typeof usageSchema>): void {
    this.#requests++;
    this.#tokens += usage?.total_tokens ?? usage?.prompt_tokens ?? 0;
  }

  read(): Usage {
    const price = this.#pricePerMillion;
    return {
      requests: this.#requests,
      tokens: this.#tokens,
      price: price === null ? null : (this.#tokens * price) / 1e6,
    };
  }
}
