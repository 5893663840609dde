import { InputError } from '../../core/errors.js';
import type { PairGroup, PairScorer, WorkOptions } from '../../core/model.js';
import type { Progress } from '../../core/progress.js';
import { modelSettings } from '../../core/system-spec.js';
import { scoreAnswers } from './yes-no-scoring.js';
import { longestFirst } from '../runtime/longest-first.js';
import { openModel } from '../loading/open-model.js';
import type { BuiltModel } from '../onnx/built-model.js';
import { scorerGraph } from '../graphs/scorer-graph.js';
import { packFeeds, packQueries, sumByQuery, type PackLimits } from './packing.js';
import {
  exampleOf,
  parseAnswerPrompt,
  parsePrompt,
  templateOf,
  type AnswerPrompt,
  type Prompt,
  type PromptExample,
} from './prompts.js';
import type { Int8Weights } from '../quantization/int8-weights.js';
import { activationBytes } from '../runtime/worker-layout.js';
import type { Job } from '../runtime/job.js';
import type { SessionPool } from '../runtime/pool.js';
import { tokensPerBatch, startModel, type ComputeOptions } from '../loading/start-model.js';
import type { Tokenizer } from '../checkpoint/tokenizer.js';

export interface CrossEncoderOptions extends ComputeOptions {
  /** A causal language model: a folder in the Hugging Face layout, or a hub id, which may end in `@revision`. */
  readonly model: string;
  /** A name (see prompts.ts), or a text with {document} and, at its end, {query}. */
  readonly prompt: string;
  /** Longest input in tokens; null, the default, for what the model's positions hold. They are never exceeded. */
  readonly maxTokens?: number | null | undefined;
  /** Finds the pair that a one-shot prompt shows first; needed for such prompts alone. */
  readonly findExample?: FindExample | undefined;
  /** Reports downloads, and notes how the model is run where that is not the default. */
  readonly progress?: Progress | undefined;
}

/**
 * @param tokens how many a text has in the model's tokenizer
 * @param longerThan how many tokens document and query together are to exceed
 */
export type FindExample = (tokens: (text: string) => number, longerThan: number) => Promise<PromptExample>;

/** Keeps attention among a pack's queries small beside the rest, and logits of a 50k vocabulary at some 50 MB. */
const maxQueryTokens = 256;
/** Longest input of most models, where a model has no limit. */
const usualTokens = 2048;

/**
 * Opens SGPT's cross-encoder: the score of a pair is the sum of log P(token | prompt with the document, query so far)
 * over the query's tokens, in the language model's whole vocabulary. Context and query are tokenised separately, no
 * special tokens. The instruction that survives cutting is what precedes the document, tokenised alone. A query without
 * tokens scores 0, the logarithm of an empty product.
 * @throws InputError for a model or an option that is not possible
 */
export async function createCrossEncoder(options: CrossEncoderOptions): Promise<PairScorer> {
  const batchTokens = tokensPerBatch(options);
  const wanted = exampleOf(options.prompt);
  if (wanted === null || options.findExample === undefined) parse(options.prompt); // a wrong one is found before a download
  const model = await openModel(options.model, options.dtype ?? 'fp32', options.progress);
  const { checkpoint, architecture, tokenizer } = model;
  const example = wanted && (await options.findExample?.((text) => tokenizer.encode(text).length, wanted.longerThan));
  const prompt = parse(options.prompt, example ?? undefined);
  const limits: PackLimits = {
    maxTokens: shorter(architecture.maxTokens, options.maxTokens ?? null),
    instructionTokens: tokenizer.encode(prompt.before).length,
    maxQueryTokens,
  };
  if (limits.maxTokens !== null && limits.instructionTokens >= limits.maxTokens)
    throw new InputError(
      `prompt "${options.prompt}": its ${limits.instructionTokens} tokens before the document fill all ` +
        `${limits.maxTokens} tokens that ${checkpoint.id} takes; use a shorter one`,
    );
  const tokens = Math.max((limits.maxTokens ?? usualTokens) + maxQueryTokens, batchTokens ?? 0);
  // Of a batch, no more than half is queries where they are not longer than the documents in their prompts.
  const logits = Math.max(maxQueryTokens, (batchTokens ?? 0) / 2) * architecture.vocabularySize;
  const build = (int8: Int8Weights | null): BuiltModel =>
    scorerGraph(architecture, checkpoint, { int8, batched: batchTokens !== null });
  const { info, pool } = await startModel(model, build, {
    ...options,
    device: options.device ?? 'cpu',
    batchTokens,
    activationBytes: activationBytes(tokens, architecture.hiddenSize, logits),
    probe: packFeeds({ context: zeros(24), queries: [{ index: 0, ids: zeros(8) }] }),
    note: (message) => options.progress?.note(`${checkpoint.id}: ${message}`),
  });
  return {
    model: info,
    settings: modelSettings(
      'local scores',
      { prompt: prompt.name, maxTokens: limits.maxTokens, device: options.device ?? 'cpu' },
      { template: templateOf(prompt) },
    ),
    score: (groups, work) =>
      'answers' in prompt
        ? scoreAnswers(pool, tokenizer, prompt, limits, groups, work)
        : score(pool, tokenizer, prompt, limits, groups, work),
    peakBytes: () => pool.peakBytes,
    close: () => pool.close(),
  };
}

/** The smaller of two limits; null is none. */
function shorter(a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a ?? b;
  return Math.min(a, b);
}

function parse(prompt: string, example?: PromptExample): Prompt | AnswerPrompt {
  return parseAnswerPrompt(prompt, example) ?? parsePrompt(prompt, example);
}

async function score(
  pool: SessionPool,
  tokenizer: Tokenizer,
  prompt: Prompt,
  limits: PackLimits,
  groups: readonly PairGroup[],
  { signal, onProgress }: WorkOptions = {},
): Promise<Float32Array[]> {
  const scores = groups.map(({ queries }) => new Float32Array(queries.length));
  const queryIds = new Map<string, number[]>();
  const idsOf = (query: string): number[] => {
    const known = queryIds.get(query);
    if (known !== undefined) return known;
    const ids = tokenizer.encode(query);
    queryIds.set(query, ids);
    return ids;
  };
  function* jobs(): Generator<Job> {
    for (const index of longestFirst(groups.map(characters))) {
      const { document, queries } = groups[index]!;
      const context = contextIds(tokenizer, prompt, document);
      const packs = packQueries(context, queries.map(idsOf), limits);
      const unscored = queries.length - packs.reduce((sum, pack) => sum + pack.queries.length, 0);
      if (unscored > 0) onProgress?.(unscored);
      for (const pack of packs)
        yield {
          feeds: packFeeds(pack),
          done([logProbabilities]) {
            sumByQuery(pack, logProbabilities!).forEach((sum, i) => {
              scores[index]![pack.queries[i]!.index] = sum;
            });
            onProgress?.(pack.queries.length);
          },
        };
    }
  }
  await pool.run(jobs(), signal);
  return scores;
}

/** Ids of the prompt up to the query. An empty context becomes the end-of-text token, as in the reference program. */
export function contextIds(tokenizer: Tokenizer, { before, between }: Prompt, document: string): number[] {
  const ids = tokenizer.encode(before + document + between);
  if (ids.length > 0) return ids;
  if (tokenizer.endOfText === undefined)
    throw new InputError(
      'an empty document under a prompt without text has no context to score a query by; use prompt G',
    );
  return [tokenizer.endOfText];
}

/** About how much work a group is. */
function characters({ document, queries }: PairGroup): number {
  return queries.reduce((sum, query) => sum + query.length, document.length);
}

function zeros(length: number): number[] {
  return Array<number>(length).fill(0);
}
