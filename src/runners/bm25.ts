import type { Retriever, RunnerContext, SystemInfo, SystemRun } from '../core/runner.js';
import type { RetrievalTask } from '../core/dataset.js';
import type { Ranking } from '../core/run.js';
import { throwIfInterrupted } from '../core/errors.js';
import { Bm25Index, bm25Settings } from '../search/index.js';
import { timed } from './timing.js';

/**
 * Lexical search by BM25 over the task's whole corpus.
 * @param variant elasticsearch, anserini-flat or anserini-multifield
 */
export function bm25Retriever(variant: string): Retriever {
  const settings = bm25Settings(variant);
  const system: SystemInfo = {
    name: `BM25 ${variant}`,
    runner: 'bm25',
    family: 'BM25',
    model: null,
    settings: { bm25: variant },
  };
  return {
    systems: [system],
    async retrieve(task, topK, context): Promise<readonly SystemRun[]> {
      const seconds: Record<string, number> = {};
      const index = await timed(seconds, 'index', () => buildIndex(task, settings, context));
      const run = await timed(seconds, 'search', () => Promise.resolve(searchAll(index, task, topK, context)));
      return [{ system, run, cost: { seconds } }];
    },
    close: () => Promise.resolve(),
  };
}

async function buildIndex(
  task: RetrievalTask,
  settings: ReturnType<typeof bm25Settings>,
  { progress, signal }: RunnerContext,
): Promise<Bm25Index> {
  const stage = progress.stage('BM25 index', task.corpus.size, 'documents');
  try {
    return await Bm25Index.build(
      task.corpus.documents(),
      settings,
      (done) => {
        stage.advance(done);
      },
      signal,
    );
  } finally {
    stage.end();
  }
}

/** Queries without a hit are left out, as search engines do. */
function searchAll(index: Bm25Index, task: RetrievalTask, topK: number, context: RunnerContext): Map<string, Ranking> {
  const stage = context.progress.stage('BM25 search', task.queries.length, 'queries');
  const run = new Map<string, Ranking>();
  for (const { id, text } of task.queries) {
    throwIfInterrupted(context.signal);
    const ranking = index.search(text, topK);
    if (ranking.ids.length > 0) run.set(id, ranking);
    stage.advance(1);
  }
  stage.end();
  return run;
}
