import { InputError } from '../../core/errors.js';
import type { PairGroup, PairScorer, WorkOptions } from '../../core/model.js';
import type { Progress } from '../../core/progress.js';
import { modelSettings } from '../../core/system-spec.js';
import { scoreAnswers } from './yes-no-scoring.js';
import { longestFirst } from '../runtime/longest-first.js';
import { openModel } from '../loading/open-model.js';
import type { BuiltModel } from '../onnx/built-model.js';
import { scorerGraph } from '../graphs/scorer-graph.js';
import type { ScorerParts } from './scorer-parts.js';
import { packFeeds, packQueries, sumByQuery, type PackLimits } from './packing.js';
import {
  exampleRequirement,
  parseAnswerPrompt,
  parsePrompt,
  templateOf,
  type AnswerPrompt,
  type PairPrompt,
  type PromptExample,
} from './prompts.js';
import type { Int8Weights } from '../quantization/int8-weights.js';
import { activationBytes } from '../runtime/worker-layout.js';
import type { Job } from '../runtime/job.js';
import { tokensPerBatch, startModel, type ComputeOptions } from '../loading/start-model.js';
import type { Tokenizer } from '../checkpoint/tokenizer.js';

export interface CrossEncoderOptions extends ComputeOptions {
  /** A causal language model: a folder in the Hugging Face layout, or a hub id, which may end in `@revision`. */
  readonly model: string;
  /** Name of a prompt (see prompts.ts), or a text with {document} and, at its end, {query}. */
  readonly prompt: string;
  /** Longest input in tokens, at most the number of the model's positions, which is the default (null). */
  readonly maxTokens?: number | null | undefined;
  /** Finds the example for a one-shot prompt; other prompts do not need it. */
  readonly findExample?: FindExample | undefined;
  /** Reports downloads, and notes settings of the runtime that are not the default. */
  readonly progress?: Progress | undefined;
}

/**
 * Finds an example for a one-shot prompt.
 * @param tokens returns the number of a text's tokens in the model's tokenizer
 * @param longerThan number of tokens that document and query together must exceed
 */
export type FindExample = (tokens: (text: string) => number, longerThan: number) => Promise<PromptExample>;

/** Limit that keeps attention between a pack's queries cheap, and logits of a vocabulary of 50,000 at about 50 MB. */
const maxQueryTokens = 256;
/** Assumed longest input of a model without a limit; most models have this limit. */
const assumedMaxTokens = 2048;

/**
 * Opens SGPT's cross-encoder. The score of a pair is the sum of log P(token | prompt with the document, query so far)
 * over the query's tokens, in the language model's whole vocabulary. Context and query are tokenised separately,
 * without special tokens. The instruction, which truncation keeps, is the text before the document, tokenised alone. A
 * query without tokens scores 0, the logarithm of an empty product.
 * @throws InputError for an invalid model or option
 */
export async function createCrossEncoder(options: CrossEncoderOptions): Promise<PairScorer> {
  const batchTokens = tokensPerBatch(options);
  const requirement = exampleRequirement(options.prompt);
  // An invalid prompt is refused before a download.
  if (requirement === null || options.findExample === undefined) parse(options.prompt);
  const model = await openModel(options.model, options.dtype ?? 'fp32', options.progress);
  const { checkpoint, architecture, tokenizer } = model;
  const countTokens = (text: string): number => tokenizer.encode(text).length;
  const example = requirement && (await options.findExample?.(countTokens, requirement.longerThan));
  const prompt = parse(options.prompt, example ?? undefined);
  const limits: PackLimits = {
    maxTokens: smallerLimit(architecture.maxTokens, options.maxTokens ?? null),
    instructionTokens: tokenizer.encode(prompt.before).length,
    maxQueryTokens,
  };
  if (limits.maxTokens !== null && limits.instructionTokens >= limits.maxTokens)
    throw new InputError(
      `prompt "${options.prompt}": its ${limits.instructionTokens} tokens before the document fill all ` +
        `${limits.maxTokens} tokens that ${checkpoint.id} takes; use a shorter one`,
    );
  const tokens = Math.max((limits.maxTokens ?? assumedMaxTokens) + maxQueryTokens, batchTokens ?? 0);
  // At most half of a batch is queries, if they are not longer than the documents with their prompts.
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
        ? scoreAnswers({ pool, tokenizer, prompt, limits }, groups, work)
        : score({ pool, tokenizer, prompt, limits }, groups, work),
    peakBytes: () => pool.peakBytes,
    close: () => pool.close(),
  };
}

/** The smaller of two limits; null means no limit. */
function smallerLimit(a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a ?? b;
  return Math.min(a, b);
}

function parse(prompt: string, example?: PromptExample): PairPrompt | AnswerPrompt {
  return parseAnswerPrompt(prompt, example) ?? parsePrompt(prompt, example);
}

async function score(
  { pool, tokenizer, prompt, limits }: ScorerParts,
  groups: readonly PairGroup[],
  { signal, onProgress }: WorkOptions = {},
): Promise<Float32Array[]> {
  const scores = groups.map(({ queries }) => new Float32Array(queries.length));
  const queryIds = new Map<string, number[]>();
  const idsOf = (query: string): number[] => {
    const cached = queryIds.get(query);
    if (cached !== undefined) return cached;
    const ids = tokenizer.encode(query);
    queryIds.set(query, ids);
    return ids;
  };
  function* jobs(): Generator<Job> {
    for (const index of longestFirst(groups.map(characterCount))) {
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

/** Token ids of the input before the query. If there are none, the end-of-text token, as in the reference program. */
export function contextIds(tokenizer: Tokenizer, { before, between }: PairPrompt, document: string): number[] {
  const ids = tokenizer.encode(before + document + between);
  if (ids.length > 0) return ids;
  if (tokenizer.endOfText === undefined)
    throw new InputError(
      'an empty document with a prompt without text gives no context to score a query with; use prompt G',
    );
  return [tokenizer.endOfText];
}

/** Number of characters of a group, which is roughly proportional to its work. */
function characterCount({ document, queries }: PairGroup): number {
  return queries.reduce((sum, query) => sum + query.length, document.length);
}

function zeros(length: number): number[] {
  return Array<number>(length).fill(0);
}
