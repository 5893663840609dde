import { basename, join } from 'node:path';
import type { RetrievalTask } from './core/dataset.js';
import { InputError } from './core/errors.js';
import type { Reranker, RunnerName } from './core/runner.js';
import { isUsebTask, type UsebNormalization, type UsebTask } from './core/useb.js';
import { benchReranker, benchRetriever, firstStageOf } from './evaluate.js';
import type { BenchContext, BenchSettings, FirstStage } from './evaluate.js';
import { createBiEncoder, createCrossEncoder, type BiEncoderOptions } from './models/index.js';
import { readRun } from './results/run-file.js';
import type { StoredResult } from './results/store.js';
import { biEncoderRetriever } from './runners/bi-encoder.js';
import { bm25Retriever } from './runners/bm25.js';
import { crossEncoderReranker } from './runners/cross-encoder.js';
import { oracleReranker } from './runners/oracle.js';
import { usebCrossEncoder } from './runners/useb-cross-encoder.js';
import { usebBiEncoder, type UsebRunner } from './runners/useb.js';
import { EmbeddingStore } from './search/index.js';
import { benchUseb, noteUsebAverages } from './useb.js';

/** Which systems to run. */
export interface BenchPlan {
  readonly runners: readonly RunnerName[];
  /** Model folders or hub ids, for bi-encoder and cross-encoder. */
  readonly models: readonly string[];
  readonly poolings: readonly string[];
  readonly layers: BiEncoderOptions['layers'];
  /** USEB's tasks are symmetric: for them, `auto` is `none` whatever the model's name. */
  readonly brackets: NonNullable<BiEncoderOptions['brackets']>;
  /** For USEB's tasks; by default `by-task`. */
  readonly normalize?: UsebNormalization | undefined;
  readonly dtype: NonNullable<BiEncoderOptions['dtype']>;
  /** Prompt letters or templates, for cross-encoder; if empty, those a task asks for, or G. */
  readonly prompts: readonly string[];
  /** BM25 settings; by default the profile's. */
  readonly bm25: string | undefined;
  /** `bm25`, or the path of a TREC run file: what re-rankers re-rank. */
  readonly firstStage: string;
}

/**
 * Runs every system of the plan on every task and writes their results as they are done: first on the retrieval tasks,
 * then on USEB's, each time those of one model on all tasks, then the next model. What an earlier call finished is not
 * done again.
 * @throws InputError before any work for a runner that cannot do one of the tasks
 */
export async function bench(
  plan: BenchPlan,
  tasks: readonly (RetrievalTask | UsebTask)[],
  settings: BenchSettings,
  context: BenchContext,
): Promise<StoredResult[]> {
  const store = new EmbeddingStore(join(settings.output, '.cache'));
  const useb = tasks.filter(isUsebTask);
  for (const task of useb) requireUsebPossible(plan, task, settings);
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
  if (plan.runners.includes('bm25')) {
    for (const task of tasks) results.push(await benchBm25(plan, task, settings, context));
  }
  if (plan.runners.includes('bi-encoder')) {
    for (const model of plan.models) {
      results.push(...(await benchBiEncoder(plan, model, tasks, store, settings, context)));
    }
  }
  const rerank = async (reranker: Reranker, these: readonly RetrievalTask[]): Promise<void> => {
    try {
      for (const task of these) {
        const firstStage = await firstStageFor(plan, task, settings, context);
        results.push(await benchReranker(task, reranker, firstStage, settings, context));
      }
    } finally {
      await reranker.close();
    }
  };
  if (plan.runners.includes('cross-encoder')) {
    for (const model of plan.models) {
      const how = { threads: context.threads, dtype: plan.dtype, progress: context.progress };
      for (const prompt of new Set(tasks.flatMap((task) => promptsOf(plan, task)))) {
        const scorer = await createCrossEncoder({ model, prompt, ...how });
        const these = tasks.filter((task) => promptsOf(plan, task).includes(prompt));
        await rerank(crossEncoderReranker({ scorer, store }), these);
      }
    }
  }
  if (plan.runners.includes('oracle')) await rerank(oracleReranker(), tasks);
  return results;
}

/** The plan's prompts, or else those the task asks for, or else the paper's. */
function promptsOf(plan: BenchPlan, task?: RetrievalTask): readonly string[] {
  return plan.prompts.length > 0 ? plan.prompts : (task?.prompts ?? ['G']);
}

async function benchBm25(
  plan: BenchPlan,
  task: RetrievalTask,
  settings: BenchSettings,
  context: BenchContext,
): Promise<StoredResult> {
  const retriever = bm25Retriever(plan.bm25 ?? context.profile.bm25);
  const [result] = await benchRetriever(task, retriever, settings, context);
  return result!;
}

async function benchBiEncoder(
  { poolings, layers, brackets, dtype }: BenchPlan,
  model: string,
  tasks: readonly RetrievalTask[],
  store: EmbeddingStore,
  settings: BenchSettings,
  context: BenchContext,
): Promise<StoredResult[]> {
  const { threads, profile, progress } = context;
  const maxTokens = profile.biEncoderTokens;
  const encoder = await createBiEncoder({ model, poolings, layers, brackets, dtype, maxTokens, threads, progress });
  const retriever = biEncoderRetriever({ encoder, store }, threads);
  try {
    const results: StoredResult[] = [];
    for (const task of tasks) results.push(...(await benchRetriever(task, retriever, settings, context)));
    return results;
  } finally {
    await retriever.close();
  }
}

/** The candidates of a task: from BM25 (run now unless its result is there), or from a run file. */
async function firstStageFor(
  plan: BenchPlan,
  task: RetrievalTask,
  settings: BenchSettings,
  context: BenchContext,
): Promise<FirstStage> {
  if (plan.firstStage === 'bm25') {
    return firstStageOf(await benchBm25(plan, task, { ...settings, overwrite: false }, context));
  }
  const run = await readRun(plan.firstStage);
  if (!task.queries.some(({ id }) => run.has(id))) {
    throw new InputError(`${plan.firstStage}: ranks none of the queries of ${task.name}; is it a run of another task?`);
  }
  return { name: basename(plan.firstStage), run };
}

/** USEB's bi-encoders see texts up to the model's own length. */
async function benchUsebTasks(
  plan: BenchPlan,
  tasks: readonly UsebTask[],
  store: EmbeddingStore,
  settings: BenchSettings,
  context: BenchContext,
): Promise<StoredResult[]> {
  const { poolings, layers, dtype, normalize = 'by-task' } = plan;
  const { threads, progress } = context;
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
      const encoder = await createBiEncoder({
        ...{ model, poolings, layers, brackets, dtype, threads, progress },
        maxTokens: null,
      });
      await runAll(usebBiEncoder({ encoder, store }, normalize, threads));
    }
    if (!plan.runners.includes('cross-encoder')) continue;
    for (const prompt of promptsOf(plan)) {
      const scorer = await createCrossEncoder({ model, prompt, threads, dtype, progress });
      await runAll(usebCrossEncoder({ scorer, store }));
    }
  }
  noteUsebAverages(results, context.progress);
  return results;
}

function requireUsebPossible({ runners }: BenchPlan, { name, dataset }: UsebTask, { queryLimit }: BenchSettings): void {
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
