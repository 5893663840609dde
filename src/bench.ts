import { join } from 'node:path';
import { isOneShot, openEncoder, openPairScorer, type ModelPlace, type ModelPlan } from './choose-model.js';
import type { RetrievalTask } from './core/dataset.js';
import { InputError } from './core/errors.js';
import type { Reranker, RunnerName } from './core/runner.js';
import type { SharedSystem } from './core/shards.js';
import { isUsebTask, type UsebNormalization, type UsebTask } from './core/useb.js';
import { benchReranker, benchRetriever, limitQueries, type BenchContext, type BenchSettings } from './evaluate.js';
import { benchBm25, firstStageFor, type FirstStagePlan } from './first-stage.js';
import type { StoredResult } from './results/store.js';
import { biEncoderRetriever } from './runners/bi-encoder.js';
import { crossEncoderReranker } from './runners/cross-encoder.js';
import { shortestJudgedPair } from './runners/example.js';
import { oracleReranker } from './runners/oracle.js';
import { usebCrossEncoder } from './runners/useb-cross-encoder.js';
import { usebBiEncoder, type UsebRunner } from './runners/useb.js';
import { EmbeddingStore } from './search/index.js';
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
  const store = new EmbeddingStore(cacheFolderOf(settings));
  const useb = tasks.filter(isUsebTask);
  for (const task of useb) requireUsebPossible(plan, task, settings, context);
  const retrieval = tasks.filter((task): task is RetrievalTask => !isUsebTask(task));
  return [
    ...(retrieval.length === 0 ? [] : await benchRetrieval(plan, retrieval, store, settings, context)),
    ...(useb.length === 0 ? [] : await benchUsebTasks(plan, useb, store, settings, context)),
  ];
}

async function benchRetrieval(
  plan: BenchPlan,
  tasks: readonly RetrievalTask[],
  store: EmbeddingStore,
  settings: BenchSettings,
  context: BenchContext,
): Promise<StoredResult[]> {
  const results: StoredResult[] = [];
  const fillOnly = context.sharing?.fillOnly === true;
  if (plan.runners.includes('bm25') && !fillOnly) {
    for (const task of tasks) results.push(await benchBm25(plan, task, settings, context));
  }
  if (plan.runners.includes('bi-encoder')) {
    for (const model of plan.models) {
      results.push(...(await benchBiEncoder(plan, model, tasks, store, settings, context)));
    }
  }
  const rerank = async (reranker: Reranker, these: readonly RetrievalTask[], system?: SharedSystem): Promise<void> => {
    try {
      for (const task of these) {
        const firstStage = await firstStageFor(plan, task, settings, context);
        const shared = system === undefined ? context : withSharing(context, system, task);
        if (fillOnly) {
          await reranker.fill?.(limitQueries(task, settings.queryLimit), firstStage.run, settings.depth, shared);
        } else results.push(await benchReranker(task, reranker, firstStage, settings, shared));
      }
    } finally {
      await reranker.close();
    }
  };
  if (plan.runners.includes('cross-encoder')) {
    for (const model of plan.models) {
      for (const prompt of new Set(tasks.flatMap((task) => promptsOf(plan, task)))) {
        const these = tasks.filter((task) => promptsOf(plan, task).includes(prompt));
        // A one-shot prompt is another one for each task.
        for (const some of isOneShot(prompt) ? these.map((task) => [task]) : [these]) {
          const scorer = await openPairScorer(plan, model, prompt, placeOf(settings, context), (tokens, longerThan) =>
            shortestJudgedPair(some[0]!, tokens, longerThan),
          );
          await rerank(crossEncoderReranker({ scorer, store }), some, sharedSystem(plan, model, null, prompt));
        }
      }
    }
  }
  if (plan.runners.includes('oracle') && !fillOnly) await rerank(oracleReranker(), tasks);
  return results;
}

function cacheFolderOf({ output, store }: BenchSettings): string {
  return store ?? join(output, '.cache');
}

function sharedSystem(
  { poolings, layers, brackets, dtype, embedPrompt }: BenchPlan,
  model: string,
  maxTokens: number | null,
  prompt: string | null,
): SharedSystem {
  return {
    ...{ model, poolings, layers: layers ?? null, brackets, dtype, embedPrompt: embedPrompt ?? null },
    ...{ maxTokens, prompt },
  };
}

function withSharing(context: BenchContext, system: SharedSystem, task: RetrievalTask): BenchContext {
  return { ...context, shards: context.sharing?.workOf(system, task) };
}

function placeOf(settings: BenchSettings, context: BenchContext): ModelPlace {
  return { cacheFolder: cacheFolderOf(settings), context };
}

/** The plan's prompts, or else those the task asks for, or else the paper's. */
function promptsOf(plan: BenchPlan, task?: RetrievalTask): readonly string[] {
  return plan.prompts.length > 0 ? plan.prompts : (task?.prompts ?? ['G']);
}

async function benchBiEncoder(
  plan: BenchPlan,
  model: string,
  tasks: readonly RetrievalTask[],
  store: EmbeddingStore,
  settings: BenchSettings,
  context: BenchContext,
): Promise<StoredResult[]> {
  const { threads, profile } = context;
  const encoder = await openEncoder(plan, model, profile.biEncoderTokens, placeOf(settings, context));
  const retriever = biEncoderRetriever({ encoder, store }, threads);
  try {
    const results: StoredResult[] = [];
    for (const task of tasks) {
      const shared = withSharing(context, sharedSystem(plan, model, profile.biEncoderTokens, null), task);
      if (context.sharing?.fillOnly === true) await retriever.fill?.(limitQueries(task, settings.queryLimit), shared);
      else results.push(...(await benchRetriever(task, retriever, settings, shared)));
    }
    return results;
  } finally {
    await retriever.close();
  }
}

/** USEB's bi-encoders see texts up to the model's own length. */
async function benchUsebTasks(
  plan: BenchPlan,
  tasks: readonly UsebTask[],
  store: EmbeddingStore,
  settings: BenchSettings,
  context: BenchContext,
): Promise<StoredResult[]> {
  const { normalize = 'by-task' } = plan;
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
      const encoder = await openEncoder({ ...plan, brackets }, model, null, placeOf(settings, context));
      await runAll(usebBiEncoder({ encoder, store }, normalize, context.threads));
    }
    if (!plan.runners.includes('cross-encoder')) continue;
    for (const prompt of promptsOf(plan)) {
      const scorer = await openPairScorer(plan, model, prompt, placeOf(settings, context));
      await runAll(usebCrossEncoder({ scorer, store }));
    }
  }
  noteUsebAverages(results, context.progress);
  return results;
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
