import { InputError } from '../../core/errors.js';
import type { PairScorer } from '../../core/model.js';
import { scorerFields, type ScorerField } from '../../core/system-fields.js';
import { completeFields, modelSettings, type FieldValues, type SystemSpec } from '../../core/system-spec.js';
import { scorerGraph } from '../graphs/scorer-graph.js';
import { openModel, type OpenModel } from '../loading/open-model.js';
import { refuseUnknownOptions, startModel, tokensPerBatch, type RunOptions } from '../loading/start-model.js';
import type { SessionPool } from '../runtime/pool.js';
import { activationBytes } from '../runtime/worker-layout.js';
import { packFeeds, type PackLimits } from './packing.js';
import {
  exampleRequirement,
  parseAnswerPrompt,
  parsePrompt,
  templateOf,
  type AnswerPrompt,
  type PairPrompt,
  type PromptExample,
} from './prompts.js';
import { scoreQueries } from './query-scoring.js';
import { scoreAnswers } from './yes-no-scoring.js';

/** A cross-encoder to open: its model and prompt, and fields of a system (core/system-fields.ts says what each means). */
export interface CrossEncoderOptions extends RunOptions, FieldValues<Exclude<ScorerField, 'prompt'>> {
  /** A causal language model: a folder in the Hugging Face layout, or a hub id, which may end in `@revision`. */
  readonly model: string;
  /** Name of a prompt (see prompts.ts), or a text with {document} and, at its end, {query}. */
  readonly prompt: string;
  /** Finds the example for a one-shot prompt; other prompts do not need it. */
  readonly findExample?: FindExample | undefined;
}

/** The options with all defaults. */
type ScorerRequest = CrossEncoderOptions & Pick<SystemSpec, Exclude<ScorerField, 'prompt'>>;

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
 * Opens SGPT's cross-encoder (query-scoring.ts), or one that asks a question (yes-no-scoring.ts), as the prompt says. The
 * instruction, which truncation keeps, is the text before the document, tokenised alone.
 * @throws InputError for an invalid model or option
 */
export async function createCrossEncoder(options: CrossEncoderOptions): Promise<PairScorer> {
  refuseUnknownOptions(options, [...scorerFields, 'findExample']);
  const request = { ...options, ...completeFields(scorerFields, options), prompt: options.prompt };
  tokensPerBatch(request);
  const requirement = exampleRequirement(request.prompt);
  // An invalid prompt is refused before a download.
  if (requirement === null || request.findExample === undefined) parse(request.prompt);
  const model = await openModel(request.model, request.dtype, request.progress);
  const { tokenizer } = model;
  const countTokens = (text: string): number => tokenizer.encode(text).length;
  const example = requirement && (await request.findExample?.(countTokens, requirement.longerThan));
  const prompt = parse(request.prompt, example ?? undefined);
  const limits = limitsOf(model, prompt, request);
  const { info, pool } = await start(model, limits, request);
  return {
    model: info,
    settings: modelSettings(
      'local scores',
      { prompt: prompt.name, maxTokens: limits.maxTokens, device: request.device },
      { template: templateOf(prompt) },
    ),
    score: (groups, work) =>
      'answers' in prompt
        ? scoreAnswers({ pool, tokenizer, prompt, limits }, groups, work)
        : scoreQueries({ pool, tokenizer, prompt, limits }, groups, work),
    peakBytes: () => pool.peakBytes,
    close: () => pool.close(),
  };
}

/** @throws InputError if the prompt's fixed text leaves no room for a document */
function limitsOf(
  { architecture, checkpoint, tokenizer }: OpenModel,
  prompt: PairPrompt | AnswerPrompt,
  request: ScorerRequest,
): PackLimits {
  // The queries of a pack share the document's hidden states, which must not depend on the length of the whole.
  const modelLimit = smallerLimit(architecture.maxTokens, architecture.sameUpTo ?? null);
  const maxTokens = smallerLimit(modelLimit, request.maxTokens);
  const instructionTokens = tokenizer.encode(prompt.before).length;
  const after = 'answers' in prompt ? [prompt.between, prompt.after] : [prompt.between];
  const fixed = after.reduce((sum, text) => sum + tokenizer.encode(text).length, instructionTokens);
  if (maxTokens !== null && fixed >= maxTokens)
    throw new InputError(
      `prompt "${request.prompt}": its own ${fixed} tokens leave no room for a document within the ${maxTokens} tokens that ` +
        `${checkpoint.id} takes; use a shorter prompt, or a larger --max-tokens`,
    );
  return { maxTokens, instructionTokens, maxQueryTokens };
}

function start(
  model: OpenModel,
  limits: PackLimits,
  request: ScorerRequest,
): Promise<{ info: PairScorer['model']; pool: SessionPool }> {
  const { architecture, checkpoint } = model;
  const { threads, workers, device, progress } = request;
  const batchTokens = tokensPerBatch(request);
  const tokens = Math.max((limits.maxTokens ?? assumedMaxTokens) + maxQueryTokens, batchTokens ?? 0);
  // At most half of a batch is queries, if they are not longer than the documents with their prompts.
  const logits = Math.max(maxQueryTokens, (batchTokens ?? 0) / 2) * architecture.vocabularySize;
  return startModel(model, (int8) => scorerGraph(architecture, checkpoint, { int8, batched: batchTokens !== null }), {
    ...{ threads, workers, device, batchTokens },
    activationBytes: activationBytes(tokens, architecture.hiddenSize, logits),
    probe: packFeeds({ context: zeros(24), queries: [{ index: 0, ids: zeros(8) }] }),
    note: (message) => progress?.note(`${checkpoint.id}: ${message}`),
  });
}

/** The smaller of two limits; null means no limit. */
function smallerLimit(a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a ?? b;
  return Math.min(a, b);
}

function parse(prompt: string, example?: PromptExample): PairPrompt | AnswerPrompt {
  return parseAnswerPrompt(prompt, example) ?? parsePrompt(prompt, example);
}

function zeros(length: number): number[] {
  return Array<number>(length).fill(0);
}
