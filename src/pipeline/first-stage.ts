import { basename, join } from 'node:path';
import { InputError } from '../core/errors.js';
import type { CandidateRun, Runner } from '../core/runner.js';
import { completeSpec, type SystemSpec } from '../core/system-spec.js';
import type { Task } from '../core/task.js';
import { parseServerUrl } from '../remote/index.js';
import { readRun } from '../results/run-file.js';
import type { StoredResult } from '../results/store.js';
import { runnerKindOf, type OpenContext } from '../runners/index.js';
import type { SearchServer } from '../runners/search-server.js';
import type { PipelineContext, RunSettings } from './context.js';
import { runOnTask } from './stored-result.js';

/**
 * The candidates of a task: from BM25, computed here or by a search server (unless its result is stored), or from a run
 * file. Null for a task that brings its own candidates (USEB's).
 * @throws InputError for a first stage that is not available
 */
export async function firstStageFor(
  { firstStage, bm25, depth }: SystemSpec,
  task: Task,
  opening: OpenContext,
  settings: RunSettings,
  context: PipelineContext,
): Promise<CandidateRun | null> {
  if (task.kind !== 'retrieval') return null;
  const server = searchServerOf(firstStage);
  if (server === null && firstStage !== 'bm25') {
    const run = await readRun(firstStage);
    if (!task.queries.some(({ id }) => run.has(id)))
      throw new InputError(`${firstStage}: ranks none of the queries of ${task.name}; is it a run of another task?`);
    return { name: basename(firstStage), run, depth };
  }
  const runner = await openSearch(server, bm25, opening);
  try {
    const [result] = await runOnTask(runner, task, null, { ...settings, overwrite: false }, context);
    return await candidatesOf(result!, depth);
  } finally {
    await runner.close();
  }
}

async function openSearch(
  server: SearchServer | null,
  bm25: SystemSpec['bm25'],
  opening: OpenContext,
): Promise<Runner> {
  if (server === null) return runnerKindOf('bm25').open(completeSpec({ runner: 'bm25', bm25 }), opening);
  const { searchServerRunner } = await import('../runners/search-server.js');
  return searchServerRunner(server);
}

/**
 * Candidates from the run of a stored result.
 * @throws InputError if it has no run
 */
export async function candidatesOf({ folder, record }: StoredResult, depth: number): Promise<CandidateRun> {
  if (record.files.run === null) {
    throw new InputError(`${folder}: ${record.task.name} is not a retrieval task, so its result has no run to re-rank`);
  }
  return { name: record.system.name, run: await readRun(join(folder, record.files.run.name)), depth };
}

const serverPrefix = /^(elasticsearch|opensearch):/;

/**
 * The server of `elasticsearch:URL` or `opensearch:URL`, with the login from the environment; null for any other first stage.
 * @throws InputError for an invalid URL, or one that holds a password
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
