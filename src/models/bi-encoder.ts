import { InputError } from '../core/errors.js';
import type { Encoder, Matrix, Role, WorkOptions } from '../core/model.js';
import type { Progress } from '../core/runner.js';
import { pythonStrip } from '../core/text.js';
import { bracketIds, resolveBrackets, type BracketIds, type Brackets } from './brackets.js';
import { longestFirst } from './longest-first.js';
import { openModel } from './open-model.js';
import { encoderGraph } from './onnx/encoder-graph.js';
import { embeddingViews, type PooledView } from './pooling.js';
import { activationBytes } from './runtime/crew.js';
import type { Feeds } from './runtime/messages.js';
import type { Job, SessionPool } from './runtime/pool.js';
import { startModel, type ComputeOptions } from './start-model.js';
import type { Tokenizer } from './tokenizer.js';

export interface BiEncoderOptions extends ComputeOptions {
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
  /** Told of a download, and of how the model is run where that is not the usual. */
  readonly progress?: Progress | undefined;
}

/** Longest input of most models, where a model has no limit. */
const usualTokens = 2048;
/** A short text, to measure with. */
const probeTokens = 32;

/**
 * Opens a bi-encoder. A text is stripped, tokenised, cut on the right so that it fits with what is put around it (its
 * brackets, or without brackets the model's own special tokens), and run alone: no padding, so its vector does not depend
 * on its neighbours. A text without any token (an empty one with nothing around it) has the zero vector, whose cosine with
 * anything counts as 0.
 * @throws InputError for a model or an option that is not possible
 */
export async function createBiEncoder(options: BiEncoderOptions): Promise<Encoder> {
  const model = await openModel(options.model, options.dtype ?? 'fp32', options.progress);
  const { checkpoint, architecture, tokenizer } = model;
  const brackets = resolveBrackets(options.brackets ?? 'auto', checkpoint.id);
  const marks = bracketIds(brackets, tokenizer, checkpoint.id);
  const limit = tokenLimit(options.maxTokens, architecture.maxTokens, tokenizer, marks);
  const views = embeddingViews(options.poolings, options.layers ?? [], architecture);
  const { info, pool } = await startModel(model, (int8) => encoderGraph(architecture, checkpoint, views, int8), {
    ...options,
    device: options.device ?? 'cpu',
    activationBytes: activationBytes(limit ?? usualTokens, architecture.hiddenSize, 0),
    probe: feeds(new Int32Array(Math.min(limit ?? usualTokens, probeTokens))),
    note: (message) => options.progress?.note(`${checkpoint.id}: ${message}`),
  });
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
export function tokenLimit(
  wanted: number | null,
  possible: number | null,
  tokenizer: Tokenizer,
  marks: BracketIds | null,
): number | null {
  if (wanted !== null && (!Number.isInteger(wanted) || wanted < 1))
    throw new InputError(`maxTokens: ${wanted} is not possible; expected a whole number from 1, or null`);
  const limit = Math.min(wanted ?? Infinity, possible ?? Infinity);
  const { before, after } = around(tokenizer, marks?.query ?? null);
  const taken = before.length + after.length;
  if (limit <= taken)
    throw new InputError(
      `maxTokens: ${limit} leaves no room for a text between the ${taken} tokens around it; expected at least ${taken + 1}`,
    );
  return limit === Infinity ? null : limit;
}

/** Token ids of a stripped text, cut on the right so that it fits with what is put around it. */
export function textIds(
  tokenizer: Tokenizer,
  text: string,
  marks: readonly [number, number] | null,
  limit: number | null,
): Int32Array {
  const ids = tokenizer.encode(pythonStrip(text));
  const { before, after } = around(tokenizer, marks);
  const kept = limit === null ? ids : ids.slice(0, limit - before.length - after.length);
  return Int32Array.from([...before, ...kept, ...after]);
}

/** Brackets stand instead of the special tokens. */
function around(tokenizer: Tokenizer, marks: readonly [number, number] | null): Tokenizer['special'] {
  return marks === null ? tokenizer.special : { before: [marks[0]], after: [marks[1]] };
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
        feeds: feeds(ids),
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

function feeds(ids: Int32Array): Feeds {
  return { ids: { type: 'int32', data: ids, dims: [ids.length] } };
}
