import { join } from 'node:path';
import { InputError } from '../core/errors.js';
import type { Encoder, PairScorer } from '../core/model.js';
import type { RunnerContext } from '../core/runner.js';
import {
  createBiEncoder,
  createCrossEncoder,
  exampleOf,
  type BiEncoderOptions,
  type FindExample,
} from '../models/index.js';
import {
  createRemoteEncoder,
  createRemotePairScorer,
  hostedModelName,
  type RemoteContext,
  type RemoteOptions,
} from '../remote/index.js';

/** How models are opened, whichever they are. */
export interface ModelPlan {
  readonly poolings: readonly string[];
  readonly layers: BiEncoderOptions['layers'];
  readonly brackets: NonNullable<BiEncoderOptions['brackets']>;
  readonly dtype: NonNullable<BiEncoderOptions['dtype']>;
  /** Worker processes; by default what suits the model and the machine. */
  readonly workers?: number | undefined;
  readonly device?: BiEncoderOptions['device'];
  /** Embeds texts within a prompt: `eol`, or a text with {}. */
  readonly embedPrompt?: string | undefined;
  /** For hosted models, `openai:NAME`. */
  readonly remote?: RemoteOptions | undefined;
}

/** Where a model is used. */
export interface ModelPlace {
  /** The folder for what is computed or paid for once. */
  readonly cacheFolder: string;
  readonly context: Pick<RunnerContext, 'progress'> & { readonly threads: number };
}

/**
 * A folder, a hub id or a hosted model as an encoder.
 * @param maxTokens the longest input wanted, or null
 * @throws InputError for a model or an option that is not possible
 */
export async function openEncoder(
  plan: ModelPlan,
  model: string,
  maxTokens: number | null,
  place: ModelPlace,
): Promise<Encoder> {
  const { poolings, layers, brackets, dtype, workers, device, embedPrompt, remote } = plan;
  const hosted = hostedModelName(model);
  if (hosted === null) {
    const { threads, progress } = place.context;
    return createBiEncoder({
      ...{ model, poolings, layers, brackets, embedPrompt, dtype, maxTokens },
      ...{ threads, workers, device, progress },
    });
  }
  if (layers !== undefined || poolings.some((pooling) => pooling !== 'weightedmean')) {
    throw new InputError(`${model}: a hosted model is pooled by its server; leave --pooling and --layer out`);
  }
  if (embedPrompt !== undefined)
    throw new InputError(
      `${model}: --embed-prompt needs hidden states, which a hosted model does not give; leave it out`,
    );
  requirePlainDtype(model, dtype);
  return createRemoteEncoder(hosted, { ...remote, brackets, tokenLimit: maxTokens }, remoteContext(place));
}

/** Whether a prompt shows a judged pair of the task first: it is another one for each task. */
export function isOneShot(prompt: string): boolean {
  return exampleOf(prompt) !== null;
}

/**
 * A folder, a hub id or a hosted model as a pair scorer.
 * @param findExample for one-shot prompts
 * @throws InputError for a model or an option that is not possible
 */
export async function openPairScorer(
  { dtype, workers, device, remote }: ModelPlan,
  model: string,
  prompt: string,
  place: ModelPlace,
  findExample?: FindExample,
): Promise<PairScorer> {
  const hosted = hostedModelName(model);
  if (hosted === null) {
    const { threads, progress } = place.context;
    return createCrossEncoder({ model, prompt, findExample, threads, workers, device, dtype, progress });
  }
  requirePlainDtype(model, dtype);
  return createRemotePairScorer(hosted, { ...remote, prompt }, remoteContext(place));
}

function requirePlainDtype(model: string, dtype: ModelPlan['dtype']): void {
  if (dtype === 'fp32') return;
  throw new InputError(`${model}: what a hosted model computes in is its server's choice; leave --dtype out`);
}

function remoteContext({ cacheFolder, context: { progress } }: ModelPlace): RemoteContext {
  return {
    cacheFolder: join(cacheFolder, 'hosted'),
    onNote(message) {
      progress.note(message);
    },
  };
}
