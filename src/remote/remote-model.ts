import { join } from 'node:path';
import { z } from 'zod';
import { InputError } from '../core/errors.js';
import { sha256, sha256OfFile } from '../io/files.js';
import type { RetryPolicy } from '../io/retry.js';
import type { ModelInfo, Usage } from '../core/model.js';
import { openTokenizer, type Tokenizer } from '../models/index.js';
import type { Batching } from './cached-requests.js';
import { ContentCache } from './content-cache.js';
import { openEndpoint } from './endpoint.js';
import { defaultRemoteRetry, JsonClient } from './json-client.js';

/** Options of hosted models. */
export interface RemoteOptions {
  /** URL, see {@link openEndpoint}. */
  readonly endpoint?: string | undefined;
  /** Environment variable of the API key. */
  readonly apiKeyEnv?: string | undefined;
  /** Folder of the model's tokenizer.json. With it, token ids are sent instead of text, computed as for local models. */
  readonly tokenizer?: string | undefined;
  /** The model's longest input in tokens; needs `tokenizer`. */
  readonly maxTokens?: number | undefined;
  /** Number of parameters, for the plot of scores by size. */
  readonly parameters?: number | undefined;
  /** Price of a million tokens in any currency, for the record. */
  readonly pricePerMillion?: number | undefined;
  /** Texts or pairs per request. Default: 32. */
  readonly batchSize?: number | undefined;
  /** Maximum number of concurrent requests. Default: 4. */
  readonly concurrency?: number | undefined;
}

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
  readonly meter: TokenMeter;
  readonly batching: Batching;
}

/** The limit of text-embeddings-inference, unless it is configured otherwise. */
const defaultBatchSize = 32;
const defaultConcurrency = 4;

/**
 * Opens a hosted model: checks the options, and opens tokenizer and cache.
 * @param kind separates the caches of vectors and of scores
 * @throws InputError for invalid options
 */
export async function openRemoteModel(
  name: string,
  kind: 'embeddings' | 'pairs',
  options: RemoteOptions,
  { cacheFolder, onNote, retry = defaultRemoteRetry }: RemoteContext,
): Promise<RemoteModel> {
  const endpoint = openEndpoint(options.endpoint, options.apiKeyEnv);
  requireTokenizer(options);
  const tokenizer = options.tokenizer === undefined ? null : await openTokenizer(options.tokenizer);
  const files: Record<string, string> = {};
  if (options.tokenizer !== undefined) {
    files['tokenizer.json'] = await sha256OfFile(join(options.tokenizer, 'tokenizer.json'));
  }
  return {
    info: {
      id: `openai:${name}@${endpoint.host}`,
      revision: null,
      architecture: 'unknown',
      parameters: options.parameters ?? null,
      files,
      dtype: 'remote',
    },
    url: endpoint.url,
    name,
    client: new JsonClient(endpoint, { retry, onNote }),
    cache: await ContentCache.open(join(cacheFolder, sha256(JSON.stringify([kind, endpoint.url, name])))),
    tokenizer,
    meter: new TokenMeter(options.pricePerMillion ?? null),
    batching: {
      batchSize: options.batchSize ?? defaultBatchSize,
      concurrency: options.concurrency ?? defaultConcurrency,
      onNote: (message) => {
        onNote(`${endpoint.host}: ${message}`);
      },
    },
  };
}

/** Checks that a limit of tokens comes with a tokenizer. @throws InputError if not */
export function requireTokenizer(options: {
  readonly maxTokens?: number | null | undefined;
  readonly tokenizer?: string | null | undefined;
}): void {
  if (options.maxTokens == null || options.tokenizer != null) return;
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
