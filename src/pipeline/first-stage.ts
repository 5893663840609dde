import { basename, join } from 'node:path';
import { InputError } from '../core/errors.js';
import type { CandidateRun, Runner } from '../core/runner.js';
import { completeSpec, type SystemSpec } from '../core/system-spec.js';
import type { Task } from '../core/task.js';
import { readRun } from '../results/run-file.js';
import type { StoredResult } from '../results/store.js';
import { runnerKindOf, type OpenContext } from '../runners/index.js';
import type { PipelineContext, RunSettings } from './context.js';
import { runOnTask } from './stored-result.js';

const serverPrefix = /^(elasticsearch|opensearch):/;

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
  const onServer = serverPrefix.test(firstStage);
  if (!onServer && firstStage !== 'bm25') {
    const run = await readRun(firstStage);
    if (!task.queries.some(({ id }) => run.has(id)))
      throw new InputError(`${firstStage}: ranks none of the queries of ${task.name}; is it a run of another task?`);
    return { name: basename(firstStage), run, depth };
  }
  const runner = onServer
    ? await openSearchServer(firstStage)
    : await runnerKindOf('bm25').open(completeSpec({ runner: 'bm25', bm25 }), opening);
  try {
    const [result] = await runOnTask(runner, task, null, { ...settings, overwrite: false }, context);
    return await candidatesOf(result!, depth);
  } finally {
    await runner.close();
  }
}

/** @param name `elasticsearch:URL` or `opensearch:URL` */
async function openSearchServer(name: string): Promise<Runner> {
  const { parseSearchServer, searchServerRunner } = await import('../runners/search-server/runner.js');
  return searchServerRunner(parseSearchServer(name.replace(serverPrefix, '')));
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
