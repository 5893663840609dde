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

/** How a hosted model is reached; the same for all models of a command. */
export interface RemoteOptions {
  /** See {@link openEndpoint}. */
  readonly endpoint?: string | undefined;
  readonly apiKeyEnv?: string | undefined;
  /**
   * The folder with the model's tokenizer.json. With it, token ids are sent instead of text: cut, marked and put together
   * as the local models do it.
   */
  readonly tokenizer?: string | undefined;
  /** The model's longest input in tokens, with `tokenizer`. */
  readonly maxTokens?: number | undefined;
  /** The number of parameters, where it is known: for the plot of scores by size. */
  readonly parameters?: number | undefined;
  /** For the record of costs, in any currency. */
  readonly pricePerMillion?: number | undefined;
  /** Texts or pairs per request. */
  readonly batchSize?: number | undefined;
  /** Requests under way at the same time. */
  readonly concurrency?: number | undefined;
}

/** What surrounds the work with a hosted model. */
export interface RemoteContext {
  /** Where answers are kept: a folder of all models. */
  readonly cacheFolder: string;
  /** Called with facts worth a line. */
  readonly onNote: (message: string) => void;
  readonly retry?: RetryPolicy | undefined;
}

/** A hosted model opened for use: the parts that encoder and pair scorer have in common. */
export interface RemoteModel {
  readonly info: ModelInfo;
  /** `https://api.openai.com/v1` */
  readonly url: string;
  /** The name by which the server knows it. */
  readonly name: string;
  readonly client: JsonClient;
  readonly cache: ContentCache;
  /** What makes the token ids that are sent, or null where text is. */
  readonly tokenizer: Tokenizer | null;
  readonly meter: TokenMeter;
  readonly batching: Batching;
}

/** A cautious default: text-embeddings-inference refuses more in a request unless told otherwise. */
const usualBatchSize = 32;
const usualConcurrency = 4;

/**
 * @param kind what the answers are; those of different kinds are kept apart
 * @throws InputError for options that are not possible
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
      size: options.batchSize ?? usualBatchSize,
      concurrency: options.concurrency ?? usualConcurrency,
      onNote: (message) => {
        onNote(`${endpoint.host}: ${message}`);
      },
    },
  };
}

/** @throws InputError for a longest input that could not be kept to */
export function requireTokenizer(options: {
  readonly maxTokens?: number | null | undefined;
  readonly tokenizer?: string | null | undefined;
}): void {
  if (options.maxTokens == null || options.tokenizer != null) return;
  throw new InputError(
    '--max-tokens needs --tokenizer DIR: without its tokenizer, tokens of a hosted model cannot be counted',
  );
}

/** What answers say of the tokens used; servers may leave it out. */
export const usageSchema = z
  .object({ total_tokens: z.number().optional(), prompt_tokens: z.number().optional() })
  .nullish();

/** Adds up what servers say that a request has used. */
export class TokenMeter {
  readonly #pricePerMillion: number | null;
  #requests = 0;
  #tokens = 0;

  constructor(pricePerMillion: number | null) {
    this.#pricePerMillion = pricePerMillion;
  }

  /** @param usage the answer's `usage`; servers that do not count are taken to have used no tokens */
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
