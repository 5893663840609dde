import { join } from 'node:path';
import { isOneShot, openEncoder, openPairScorer, type ModelPlace, type ModelPlan } from '../runners/open-model.js';
import type { RetrievalTask } from '../core/dataset.js';
import { InputError } from '../core/errors.js';
import type { Reranker, RunnerName } from '../core/runner.js';
import type { SharedSystem } from '../core/shards.js';
import { isUsebTask, type UsebNormalization, type UsebTask } from '../core/useb.js';
import { benchReranker, benchRetriever, limitQueries, type BenchContext, type BenchSettings } from './retrieval.js';
import { benchBm25, firstStageFor, type FirstStagePlan } from './first-stage.js';
import type { StoredResult } from '../results/store.js';
import { biEncoderRetriever } from '../runners/bi-encoder.js';
import { crossEncoderReranker } from '../runners/cross-encoder.js';
import { shortestJudgedPair } from '../runners/one-shot-example.js';
import { oracleReranker } from '../runners/oracle.js';
import { usebCrossEncoder } from '../runners/useb-cross-encoder.js';
import { usebBiEncoder, type UsebRunner } from '../runners/useb-bi-encoder.js';
import { VectorStore } from '../stores/index.js';
import { isBucketAddress, openStoreBackend } from '../stores/index.js';
import { benchUseb, noteUsebAverages } from './useb.js';

/** Which systems to run. */
export interface BenchPlan extends ModelPlan, FirstStagePlan {
  readonly runners: readonly RunnerName[];
  /** Model folders, hub ids or hosted models (`openai:NAME`), for bi-encoder and cross-encoder. */
  readonly models: readonly string[];
  /** USEB's tasks are symmetric: for them, `auto` is `none` whatever the model's name. */
  readonly brackets: ModelPlan['brackets'];
  /** For USEB's tasks; by default `by-task`. */
  readonly normalize?: UsebNormalization | undefined;
  /** Prompt letters or templates, for cross-encoder; if empty, those a task asks for, or G. */
  readonly prompts: readonly string[];
}

/** What every step of a bench needs. */
interface Work {
  readonly plan: BenchPlan;
  readonly settings: BenchSettings;
  readonly context: BenchContext;
  /** Bi-encoders' vectors. */
  readonly vectors: VectorStore;
  /** Cross-encoders' scores, never rounded. */
  readonly scores: VectorStore;
}

/**
 * Runs every system of the plan on every task and writes their results as they are done: first on the retrieval tasks,
 * then on USEB's, each time those of one model on all tasks, then the next model. What an earlier call finished is not
 * done again. Where the work is shared to fill a store only, nothing is evaluated, and nothing comes back.
 * @throws InputError before any work for a runner that cannot do one of the tasks
 */
export async function bench(
  plan: BenchPlan,
  tasks: readonly (RetrievalTask | UsebTask)[],
  settings: BenchSettings,
  context: BenchContext,
): Promise<StoredResult[]> {
  const place = await openStoreBackend(settings.store ?? cacheFolderOf(settings), {
    signal: context.signal,
    onNote: (message) => {
      context.progress.note(message);
    },
  });
  const vectors = new VectorStore(place, { dtype: settings.storeDtype });
  const work: Work = { plan, settings, context, vectors, scores: new VectorStore(place) };
  const useb = tasks.filter(isUsebTask);
  for (const task of useb) requireUsebPossible(plan, task, settings, context);
  const retrieval = tasks.filter((task): task is RetrievalTask => !isUsebTask(task));
  return [
    ...(retrieval.length === 0 ? [] : await benchRetrieval(work, retrieval)),
    ...(useb.length === 0 ? [] : await benchUsebTasks(work, useb)),
  ];
}

async function benchRetrieval(work: Work, tasks: readonly RetrievalTask[]): Promise<StoredResult[]> {
  const { plan, settings, context } = work;
  const { runners, models } = plan;
  const fillOnly = fillsOnly(work);
  const results: StoredResult[] = [];
  if (runners.includes('bm25') && !fillOnly) {
    for (const task of tasks) results.push(await benchBm25(plan, task, settings, context));
  }
  if (runners.includes('bi-encoder')) {
    for (const model of models) results.push(...(await benchBiEncoder(work, model, tasks)));
  }
  if (runners.includes('cross-encoder')) {
    for (const model of models) results.push(...(await benchCrossEncoder(work, model, tasks)));
  }
  if (runners.includes('oracle') && !fillOnly) results.push(...(await rerankAll(work, oracleReranker(), tasks, null)));
  return results;
}

async function benchBiEncoder(work: Work, model: string, tasks: readonly RetrievalTask[]): Promise<StoredResult[]> {
  const { plan, settings, context, vectors: store } = work;
  const { threads, profile } = context;
  const encoder = await openEncoder(plan, model, profile.biEncoderTokens, placeOf(work));
  const retriever = biEncoderRetriever({ encoder, store }, threads);
  const maxTokens = profile.biEncoderTokens;
  const system = sharedSystem(plan, model, { maxTokens, prompt: null, storeDtype: store.dtype });
  const results: StoredResult[] = [];
  try {
    for (const task of tasks) {
      const shared = withSharing(context, system, task);
      if (fillsOnly(work)) await retriever.fill?.(limitQueries(task, settings.queryLimit), shared);
      else results.push(...(await benchRetriever(task, retriever, settings, shared)));
    }
  } finally {
    await retriever.close();
  }
  return results;
}

async function benchCrossEncoder(work: Work, model: string, tasks: readonly RetrievalTask[]): Promise<StoredResult[]> {
  const { plan, scores: store } = work;
  const results: StoredResult[] = [];
  for (const { prompt, tasks: these } of promptUses(plan, tasks)) {
    const scorer = await openPairScorer(plan, model, prompt, placeOf(work), (tokens, longerThan) =>
      shortestJudgedPair(these[0]!, tokens, longerThan),
    );
    const system = sharedSystem(plan, model, { maxTokens: null, prompt, storeDtype: store.dtype });
    results.push(...(await rerankAll(work, crossEncoderReranker({ scorer, store }), these, system)));
  }
  return results;
}

/** Runs a re-ranker on tasks and closes it. */
async function rerankAll(
  work: Work,
  reranker: Reranker,
  tasks: readonly RetrievalTask[],
  system: SharedSystem | null,
): Promise<StoredResult[]> {
  const { plan, settings, context } = work;
  const results: StoredResult[] = [];
  try {
    for (const task of tasks) {
      const firstStage = await firstStageFor(plan, task, settings, context);
      const shared = system === null ? context : withSharing(context, system, task);
      if (fillsOnly(work)) {
        await reranker.fill?.(limitQueries(task, settings.queryLimit), firstStage.run, settings.depth, shared);
      } else results.push(await benchReranker(task, reranker, firstStage, settings, shared));
    }
  } finally {
    await reranker.close();
  }
  return results;
}

/** Which prompt is used on which tasks. A one-shot prompt is another one for each task. */
function promptUses(
  plan: BenchPlan,
  tasks: readonly RetrievalTask[],
): { readonly prompt: string; readonly tasks: readonly RetrievalTask[] }[] {
  const prompts = new Set(tasks.flatMap((task) => promptsOf(plan, task)));
  return [...prompts].flatMap((prompt) => {
    const these = tasks.filter((task) => promptsOf(plan, task).includes(prompt));
    return isOneShot(prompt) ? these.map((task) => ({ prompt, tasks: [task] })) : [{ prompt, tasks: these }];
  });
}

/** The plan's prompts, or else those the task asks for, or else the paper's. */
function promptsOf(plan: BenchPlan, task?: RetrievalTask): readonly string[] {
  return plan.prompts.length > 0 ? plan.prompts : (task?.prompts ?? ['G']);
}

/** USEB's bi-encoders see texts up to the model's own length. */
async function benchUsebTasks(work: Work, tasks: readonly UsebTask[]): Promise<StoredResult[]> {
  const { plan, settings, context, vectors, scores } = work;
  const results: StoredResult[] = [];
  const runAll = async (runner: UsebRunner): Promise<void> => {
    try {
      for (const task of tasks) results.push(...(await benchUseb(task, runner, settings, context)));
    } finally {
      await runner.close();
    }
  };
  for (const model of plan.models) {
    if (plan.runners.includes('bi-encoder')) {
      const brackets = plan.brackets === 'auto' ? 'none' : plan.brackets;
      const encoder = await openEncoder({ ...plan, brackets }, model, null, placeOf(work));
      await runAll(usebBiEncoder({ encoder, store: vectors }, plan.normalize ?? 'by-task', context.threads));
    }
    if (!plan.runners.includes('cross-encoder')) continue;
    for (const prompt of promptsOf(plan)) {
      const scorer = await openPairScorer(plan, model, prompt, placeOf(work));
      await runAll(usebCrossEncoder({ scorer, store: scores }));
    }
  }
  noteUsebAverages(results, context.progress);
  return results;
}

/** Where files go that are for this machine alone, even with a bucket. */
function cacheFolderOf({ output, store }: BenchSettings): string {
  return store === undefined || isBucketAddress(store) ? join(output, '.cache') : store;
}

function placeOf({ settings, context }: Work): ModelPlace {
  return { cacheFolder: cacheFolderOf(settings), context };
}

/** Whether the store is filled for others, and nothing evaluated. */
function fillsOnly({ context }: Work): boolean {
  return context.sharing?.fillOnly === true;
}

function sharedSystem(
  { poolings, layers, brackets, dtype, embedPrompt }: BenchPlan,
  model: string,
  more: Pick<SharedSystem, 'maxTokens' | 'prompt' | 'storeDtype'>,
): SharedSystem {
  return { model, poolings, layers: layers ?? null, brackets, dtype, embedPrompt: embedPrompt ?? null, ...more };
}

function withSharing(context: BenchContext, system: SharedSystem, task: RetrievalTask): BenchContext {
  return { ...context, shards: context.sharing?.workOf(system, task) };
}

function requireUsebPossible(
  { runners }: BenchPlan,
  { name, dataset }: UsebTask,
  { queryLimit }: BenchSettings,
  { sharing }: BenchContext,
): void {
  if (sharing !== undefined)
    throw new InputError(`${name}: --queue and --shard are for retrieval tasks; leave them out, USEB's are small`);
  const possible: RunnerName[] = dataset === 'askubuntu' ? ['bi-encoder', 'cross-encoder'] : ['bi-encoder'];
  const other = runners.find((runner) => !possible.includes(runner));
  if (other !== undefined) {
    const hint = other === 'cross-encoder' ? '; of USEB, a cross-encoder runs on askubuntu alone' : '';
    throw new InputError(
      `${name}: the runner ${other} cannot do this task; choose --runner ${possible.join(' or ')}, with --model${hint}`,
    );
  }
  if (queryLimit !== null) {
    throw new InputError(`${name}: --limit-queries is for retrieval tasks; leave it out, USEB's are small`);
  }
}
