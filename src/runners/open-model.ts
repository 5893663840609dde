import { join } from 'node:path';
import type { RetrievalTask } from '../core/dataset.js';
import type { Encoder, PairScorer } from '../core/model.js';
import type { Profile } from '../core/profile.js';
import type { Progress } from '../core/progress.js';
import type { EncoderField, HostedField, ScorerField, StoreDtype } from '../core/system-fields.js';
import type { SystemSpec } from '../core/system-spec.js';
import type { Task } from '../core/task.js';
import type { FindExample } from '../models/index.js';
import { hostedModelName, type RemoteContext } from '../remote/index.js';
import type { VectorStore } from '../stores/index.js';
import { shortestJudgedPair } from './one-shot-example.js';

/** Everything besides its spec that opening a runner needs. */
export interface OpenContext {
  readonly profile: Profile;
  /** Total number of processor threads. */
  readonly threads: number;
  readonly progress: Progress;
  /** Local folder that caches the answers of hosted models. */
  readonly cacheFolder: string;
  /** The first task to run; tasks share a runner if it does not depend on them. */
  readonly task: Task;
  /** Opens the store of vectors or scores. */
  store(dtype: StoreDtype): VectorStore;
}

type EncoderFields = Pick<SystemSpec, 'model' | EncoderField | HostedField>;
type ScorerFields = Pick<SystemSpec, 'model' | ScorerField | HostedField>;

/**
 * Opens a folder, a hub id or a hosted model as an encoder.
 * @throws InputError for an invalid model or option
 */
export async function openEncoder(spec: EncoderFields, context: OpenContext): Promise<Encoder> {
  const model = modelOf(spec);
  const hosted = hostedModelName(model);
  if (hosted !== null) {
    const { createRemoteEncoder } = await import('../remote/index.js');
    const { task, profile } = context;
    const tokenLimit = task.symmetric ? null : profile.biEncoderTokens;
    return createRemoteEncoder(hosted, { ...spec, tokenLimit }, remoteContext(context));
  }
  const { createBiEncoder } = await import('../models/index.js');
  const { threads, progress } = context;
  return createBiEncoder({ ...spec, model, threads, progress });
}

/**
 * Opens a folder, a hub id or a hosted model as a pair scorer.
 * @throws InputError for an invalid model or option
 */
export async function openPairScorer(spec: ScorerFields, context: OpenContext): Promise<PairScorer> {
  const { prompt } = spec;
  const model = modelOf(spec);
  if (prompt === null) throw new Error('a cross-encoder is opened with a prompt');
  const hosted = hostedModelName(model);
  if (hosted !== null) {
    const { createRemotePairScorer } = await import('../remote/index.js');
    return createRemotePairScorer(hosted, { ...spec, prompt }, remoteContext(context));
  }
  const { createCrossEncoder } = await import('../models/index.js');
  const { threads, progress, task } = context;
  const findExample = task.kind === 'retrieval' ? exampleFrom(task) : undefined;
  return createCrossEncoder({ ...spec, model, prompt, threads, progress, findExample });
}

function modelOf({ model }: Pick<SystemSpec, 'model'>): string {
  if (model === null) throw new Error('a model is opened by its name');
  return model;
}

function exampleFrom(task: RetrievalTask): FindExample {
  return (tokens, longerThan) => shortestJudgedPair(task, tokens, longerThan);
}

function remoteContext({ cacheFolder, progress }: OpenContext): RemoteContext {
  return {
    cacheFolder: join(cacheFolder, 'hosted'),
    onNote(message) {
      progress.note(message);
    },
  };
}
