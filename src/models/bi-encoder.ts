import { InputError } from '../core/errors.js';
import type { Encoder, Matrix, Role, WorkOptions } from '../core/model.js';
import type { Progress } from '../core/runner.js';
import { pythonStrip } from '../core/text.js';
import { bracketIds, resolveBrackets, type BracketIds, type Brackets } from './brackets.js';
import { longestFirst } from './longest-first.js';
import { openModel, startModel } from './open-model.js';
import { encoderGraph } from './onnx/encoder-graph.js';
import { embeddingViews, type PooledView } from './pooling.js';
import type { Job, SessionPool } from './runtime/pool.js';
import type { Tokenizer } from './tokenizer.js';

export interface BiEncoderOptions {
  /** A model folder in the Hugging Face layout, or a hub id: `organisation/name`, `organisation/name@revision`. */
  readonly model: string;
  /** Names of poolings (see pooling.ts), `all` for every one the model has; all come out of the same forward pass. */
  readonly poolings: readonly string[];
  /** Hidden states to pool: 0 the embeddings … the number of layers; -1 is the last, `all` every one. Default: the last. */
  readonly layers?: readonly (number | 'all')[] | undefined;
  /** How queries and documents are marked (see brackets.ts). Default: `auto`, by the model's name. */
  readonly brackets?: Brackets | undefined;
  /** Longest input in tokens, brackets included; null for the model's own maximum, which is never exceeded. */
  readonly maxTokens: number | null;
  /** Worker processes, each running one text at a time on one thread. */
  readonly threads: number;
  readonly dtype?: 'fp32' | 'int8' | undefined;
  /** Told of a download. */
  readonly progress?: Progress | undefined;
}

/**
 * Opens a bi-encoder. A text is stripped, tokenised without special tokens, cut on the right so that it fits with its
 * brackets, bracketed by token ids, and run alone: no padding, so its vector does not depend on its neighbours. A text
 * without any token (an empty one, without brackets) has the zero vector, whose cosine with anything counts as 0.
 * @throws InputError for a model or an option that is not possible
 */
export async function createBiEncoder(options: BiEncoderOptions): Promise<Encoder> {
  const model = await openModel(options.model, options.dtype ?? 'fp32', options.progress);
  const { checkpoint, architecture, tokenizer } = model;
  const brackets = resolveBrackets(options.brackets ?? 'auto', checkpoint.id);
  const marks = bracketIds(brackets, tokenizer, checkpoint.id);
  const limit = tokenLimit(options.maxTokens, architecture.maxTokens, marks);
  const views = embeddingViews(options.poolings, options.layers ?? [], architecture);
  const { info, pool } = await startModel(model, encoderGraph(architecture, checkpoint, views), options.threads);
  const toIds = (text: string, role: Role): Int32Array => textIds(tokenizer, text, marks?.[role] ?? null, limit);
  return {
    model: info,
    settings: { brackets, maxTokens: limit },
    views,
    encode: (texts, role, work) => encode(pool, views, texts, (text) => toIds(text, role), work),
    close: () => pool.close(),
  };
}

/** The longest input, of what is wanted and what is possible. @throws InputError where it leaves no room for a text */
export function tokenLimit(wanted: number | null, possible: number | null, marks: BracketIds | null): number | null {
  if (wanted !== null && (!Number.isInteger(wanted) || wanted < 1))
    throw new InputError(`maxTokens: ${wanted} is not possible; expected a whole number from 1, or null`);
  const limit = Math.min(wanted ?? Infinity, possible ?? Infinity);
  if (marks !== null && limit < 3)
    throw new InputError(`maxTokens: ${limit} leaves no room for a text between its two brackets; expected at least 3`);
  return limit === Infinity ? null : limit;
}

/** Token ids of a stripped text, cut on the right so that it fits with its marks. */
export function textIds(
  tokenizer: Tokenizer,
  text: string,
  marks: readonly [number, number] | null,
  limit: number | null,
): Int32Array {
  const ids = tokenizer.encode(pythonStrip(text));
  if (marks === null) return Int32Array.from(limit === null ? ids : ids.slice(0, limit));
  const kept = limit === null ? ids : ids.slice(0, limit - 2);
  return Int32Array.from([marks[0], ...kept, marks[1]]);
}

async function encode(
  pool: SessionPool,
  views: readonly PooledView[],
  texts: readonly string[],
  toIds: (text: string) => Int32Array,
  { signal, onProgress }: WorkOptions = {},
): Promise<Matrix[]> {
  const matrices = views.map(({ dimensions }) => ({
    rows: texts.length,
    columns: dimensions,
    data: new Float32Array(texts.length * dimensions),
  }));
  function* jobs(): Generator<Job> {
    for (const index of longestFirst(texts.map(({ length }) => length))) {
      const ids = toIds(texts[index]!);
      if (ids.length === 0) {
        onProgress?.(1);
        continue;
      }
      yield {
        feeds: { ids: { type: 'int32', data: ids, dims: [ids.length] } },
        done(outputs) {
          matrices.forEach((matrix, view) => {
            matrix.data.set(outputs[view]!, index * matrix.columns);
          });
          onProgress?.(1);
        },
      };
    }
  }
  await pool.run(jobs(), signal);
  return matrices;
}
