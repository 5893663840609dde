import { InputError } from '../../core/errors.js';
import type { Encoder, Matrix, Role, WorkOptions } from '../../core/model.js';
import type { Progress } from '../../core/progress.js';
import type { Settings } from '../../core/setting.js';
import { modelSettings } from '../../core/system-spec.js';
import { pythonStrip } from '../../core/text.js';
import { bracketIds, resolveBrackets, type BracketIds, type Brackets } from './brackets.js';
import type { Checkpoint } from '../checkpoint/checkpoint.js';
import { parseEmbedPrompt, promptedIds, requireOneMark, type EmbedPrompt } from './embed-prompts.js';
import { locateModel } from '../hub/index.js';
import { longestFirst } from '../runtime/longest-first.js';
import { openModel } from '../loading/open-model.js';
import { encoderGraph } from '../graphs/encoder-graph.js';
import type { EncoderView } from '../graphs/view-outputs.js';
import { embeddingViews, type PooledModel } from '../pooling/poolings.js';
import { learnedPositions, moduleView } from '../pooling/sentence-modules.js';
import { readSentenceTransformer, type SentenceTransformer } from '../pooling/sentence-transformers.js';
import { activationBytes } from '../runtime/worker-layout.js';
import type { Feeds } from '../runtime/messages.js';
import type { Job } from '../runtime/job.js';
import type { SessionPool } from '../runtime/pool.js';
import { batchBudget, startModel, type ComputeOptions } from '../loading/start-model.js';
import { openTokenizer, type Tokenizer } from '../checkpoint/tokenizer.js';
import { createExportedEncoder, exportedPositions, readExported } from './exported-encoder.js';

export interface BiEncoderOptions extends ComputeOptions {
  /** A model folder in the Hugging Face layout, or a hub id: `organisation/name`, `organisation/name@revision`. */
  readonly model: string;
  /**
   * Names of poolings (see pooling.ts), `all` for every one the model has, `own` for what its modules.json says
   * (sentence-transformers.ts); all come out of the same forward pass. Default: `own` where there is one, else
   * `weightedmean`.
   */
  readonly poolings?: readonly string[] | undefined;
  /** Hidden states to pool: 0 the embeddings … the number of layers; -1 is the last, `all` every one. Default: the last. */
  readonly layers?: readonly (number | 'all')[] | undefined;
  /** How queries and documents are marked (see brackets.ts). Default: `auto`, by the model's name. */
  readonly brackets?: Brackets | undefined;
  /** Embeds texts within a prompt (see embed-prompts.ts), by default with `lasttoken` pooling: PromptEOL. Without brackets. */
  readonly embedPrompt?: string | undefined;
  /**
   * Longest input in tokens, brackets included; null for what the model says (sentence_bert_config.json). The model's
   * positions are never exceeded.
   */
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
 * brackets, or without brackets the model's own special tokens), and run without padding and blind to others: its vector
 * does not depend on its neighbours. A text without any token (an empty one with nothing around it) has the zero vector,
 * whose cosine with anything counts as 0.
 * @throws InputError for a model or an option that is not possible
 */
export async function createBiEncoder(options: BiEncoderOptions): Promise<Encoder> {
  const batchTokens = batchBudget(options);
  const prompt = options.embedPrompt === undefined ? null : parseEmbedPrompt(options.embedPrompt);
  const asked = options.brackets ?? 'auto';
  requireOneMark(asked, options.embedPrompt ?? null);
  const source = await locateModel(options.model, { progress: options.progress });
  const exported = await readExported(source);
  if (exported !== null) return openExported(exported, options, prompt);
  const model = await openModel(source, options.dtype ?? 'fp32', options.progress);
  const { architecture, tokenizer } = model;
  const sentence = await readSentenceTransformer(model.checkpoint);
  const checkpoint = sentence?.checkpoint ?? model.checkpoint;
  const brackets = prompt === null ? resolveBrackets(asked, checkpoint.id, checkpoint.nameOrPath) : 'none';
  const marks = bracketIds(brackets, tokenizer, checkpoint.id);
  const possible = Math.min(architecture.maxTokens ?? Infinity, learnedPositions(sentence?.modules ?? []));
  const limit = tokenLimit(options.maxTokens ?? sentence?.maxTokens ?? null, possible, tokenizer, marks);
  const views = viewsOf(options, sentence, architecture, checkpoint.id);
  const { info, pool } = await startModel(
    { ...model, checkpoint },
    (int8) => encoderGraph(architecture, checkpoint, views, int8, batchTokens !== null),
    {
      ...options,
      device: options.device ?? 'cpu',
      batchTokens,
      activationBytes: activationBytes(Math.max(limit ?? usualTokens, batchTokens ?? 0), architecture.hiddenSize, 0),
      probe: feeds(new Int32Array(Math.min(limit ?? usualTokens, probeTokens))),
      note: (message) => options.progress?.note(`${checkpoint.id}: ${message}`),
    },
  );
  const toIds = (text: string, role: Role): Int32Array =>
    prompt === null
      ? textIds(tokenizer, prepare(sentence, text, role), marks?.[role] ?? null, limit)
      : promptedIds(tokenizer, prompt, text, limit);
  return {
    model: info,
    settings: settingsOf(options, { brackets, limit, prompt, sentence }),
    views,
    encode: (texts, role, work) => encode(pool, views, texts, (text) => toIds(text, role), work),
    peakBytes: () => pool.peakBytes,
    close: () => pool.close(),
  };
}

/** A model exported for transformers.js: its texts are prepared as those of any other. */
async function openExported(
  checkpoint: Checkpoint,
  options: BiEncoderOptions,
  prompt: EmbedPrompt | null,
): Promise<Encoder> {
  const { layers = [], dtype = 'fp32', device = 'cpu', threads } = options;
  if (device !== 'cpu')
    throw new InputError(
      `${checkpoint.id}: a model exported for transformers.js runs on the processor alone; leave --device ${device} out`,
    );
  if (layers.length > 0)
    throw new InputError(
      `${checkpoint.id}: a model exported for transformers.js gives its last hidden state alone; leave --layer out`,
    );
  const tokenizer = await openTokenizer(checkpoint.folder);
  const sentence = await readSentenceTransformer(checkpoint);
  const brackets = prompt === null ? resolveBrackets(options.brackets ?? 'auto', checkpoint.id) : 'none';
  const marks = bracketIds(brackets, tokenizer, checkpoint.id);
  const positions = await exportedPositions(checkpoint);
  const possible = Math.min(positions ?? Infinity, learnedPositions(sentence?.modules ?? []));
  const limit = tokenLimit(options.maxTokens ?? sentence?.maxTokens ?? null, possible, tokenizer, marks);
  const poolings = options.poolings ?? [];
  return createExportedEncoder(sentence?.checkpoint ?? checkpoint, tokenizer, {
    ...{ dtype, threads, poolings: prompt !== null && poolings.length === 0 ? ['lasttoken'] : poolings },
    toIds: (text, role) =>
      prompt === null
        ? textIds(tokenizer, prepare(sentence, text, role), marks?.[role] ?? null, limit)
        : promptedIds(tokenizer, prompt, text, limit),
    settings: settingsOf(options, { brackets, limit, prompt, sentence }),
  });
}

interface TextPreparation {
  readonly brackets: Brackets;
  readonly limit: number | null;
  readonly prompt: EmbedPrompt | null;
  readonly sentence: SentenceTransformer | null;
}

/** All that a vector depends on besides the model's files, for keys and records. */
function settingsOf(
  { device = 'cpu' }: BiEncoderOptions,
  { brackets, limit, prompt, sentence }: TextPreparation,
): Settings {
  return modelSettings(
    {
      brackets,
      maxTokens: limit,
      embedPrompt: prompt === null ? null : `${prompt.before}{}${prompt.after}`,
      device,
      endpoint: null,
    },
    prompt === null ? textSettings(sentence) : {},
  );
}

/** The views asked for; `own` comes first. */
function viewsOf(
  { poolings = [], layers = [], embedPrompt }: Pick<BiEncoderOptions, 'poolings' | 'layers' | 'embedPrompt'>,
  sentence: SentenceTransformer | null,
  architecture: PooledModel,
  id: string,
): EncoderView[] {
  const byDefault = embedPrompt !== undefined ? 'lasttoken' : sentence === null ? 'weightedmean' : 'own';
  const names = poolings.length > 0 ? poolings : [byDefault];
  const others = names.filter((name) => name !== 'own');
  const views = others.length === 0 ? [] : embeddingViews(others, layers, architecture);
  if (others.length === names.length) return views;
  if (sentence === null)
    throw new InputError(`pooling "own": ${id} has no modules.json that says one; name the poolings to use`);
  return [moduleView(sentence.modules, architecture), ...views];
}

/** A text with the model's own prompt before it, in lower case where the model wants that. */
function prepare(sentence: SentenceTransformer | null, text: string, role: Role): string {
  if (sentence === null) return text;
  const whole = sentence.prompts[role] + text;
  return sentence.lowerCase ? whole.toLowerCase() : whole;
}

function textSettings(sentence: SentenceTransformer | null): Readonly<Record<string, string | boolean>> {
  return {
    ...(sentence?.lowerCase === true ? { lowerCase: true } : {}),
    ...((sentence?.prompts.query ?? '') === '' ? {} : { queryPrompt: sentence!.prompts.query }),
    ...((sentence?.prompts.document ?? '') === '' ? {} : { documentPrompt: sentence!.prompts.document }),
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
  views: readonly EncoderView[],
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
