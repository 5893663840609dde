import { basename } from 'node:path';
import type { RetrievalTask } from '../core/dataset.js';
import { InputError } from '../core/errors.js';
import type { Retriever } from '../core/runner.js';
import { benchRetriever, firstStageOf, type BenchContext, type BenchSettings, type FirstStage } from './retrieval.js';
import { parseServerUrl } from '../remote/index.js';
import { readRun } from '../results/run-file.js';
import type { StoredResult } from '../results/store.js';
import { bm25Retriever } from '../runners/bm25.js';
import { searchServerRetriever, type SearchServer } from '../runners/search-server.js';

export interface FirstStagePlan {
  /** BM25 settings; by default the profile's. */
  readonly bm25: string | undefined;
  /** What re-rankers re-rank: `bm25`, `elasticsearch:URL`, or the path of a TREC run file. */
  readonly firstStage: string;
}

/** The candidates of a task: from BM25, here or on a server (run now unless its result is there), or from a run file. */
export async function firstStageFor(
  plan: FirstStagePlan,
  task: RetrievalTask,
  settings: BenchSettings,
  context: BenchContext,
): Promise<FirstStage> {
  const onceOnly = { ...settings, overwrite: false };
  const server = searchServerOf(plan.firstStage);
  if (server !== null) {
    return firstStageOf(await benchOne(task, await searchServerRetriever(server), onceOnly, context));
  }
  if (plan.firstStage === 'bm25') return firstStageOf(await benchBm25(plan, task, onceOnly, context));
  const run = await readRun(plan.firstStage);
  if (!task.queries.some(({ id }) => run.has(id))) {
    throw new InputError(`${plan.firstStage}: ranks none of the queries of ${task.name}; is it a run of another task?`);
  }
  return { name: basename(plan.firstStage), run };
}

export function benchBm25(
  { bm25 }: FirstStagePlan,
  task: RetrievalTask,
  settings: BenchSettings,
  context: BenchContext,
): Promise<StoredResult> {
  return benchOne(task, bm25Retriever(bm25 ?? context.profile.bm25, context.threads), settings, context);
}

async function benchOne(
  task: RetrievalTask,
  retriever: Retriever,
  settings: BenchSettings,
  context: BenchContext,
): Promise<StoredResult> {
  try {
    const [result] = await benchRetriever(task, retriever, settings, context);
    return result!;
  } finally {
    await retriever.close();
  }
}

const serverPrefix = /^(elasticsearch|opensearch):/;

/**
 * The server of `elasticsearch:URL` or `opensearch:URL`; null for any other first stage. Who asks is in the environment.
 * @throws InputError for a URL that is not possible, or that holds a password
 */
function searchServerOf(firstStage: string, env: NodeJS.ProcessEnv = process.env): SearchServer | null {
  if (!serverPrefix.test(firstStage)) return null;
  const address = firstStage.replace(serverPrefix, '');
  const secrets = 'ELASTICSEARCH_API_KEY, or ELASTICSEARCH_USERNAME and ELASTICSEARCH_PASSWORD';
  const url = parseServerUrl('--first-stage', address, secrets).href.replace(/\/$/, '');
  const { ELASTICSEARCH_API_KEY: apiKey, ELASTICSEARCH_USERNAME: username, ELASTICSEARCH_PASSWORD: password } = env;
  if (apiKey !== undefined && apiKey !== '') return { url, login: { apiKey } };
  if (username === undefined || password === undefined) return { url };
  return { url, login: { username, password } };
}
