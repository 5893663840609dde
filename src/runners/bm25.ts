import type { Runner, RunnerContext } from '../core/runner.js';
import type { SystemInfo } from '../core/system.js';
import type { RetrievalTask } from '../core/dataset.js';
import type { Ranking } from '../core/run.js';
import { Bm25Index, bm25Settings } from '../search/index.js';
import { requireRetrieval } from './requirements.js';
import { timed } from './timing.js';

/**
 * Lexical search by BM25 over the task's whole corpus.
 * @param variant elasticsearch, anserini-flat or anserini-multifield
 * @param threads of the search
 */
export function bm25Runner(variant: string, threads: number): Runner {
  const settings = bm25Settings(variant);
  const system: SystemInfo = {
    name: `BM25 ${variant}`,
    runner: 'bm25',
    family: 'BM25',
    model: null,
    settings: { bm25: variant },
  };
  return {
    systemsOn: () => [system],
    async run(task, { topK }, context) {
      const retrieval = requireRetrieval(task, system.runner);
      const seconds: Record<string, number> = {};
      const index = await timed(seconds, 'index', () => buildIndex(retrieval, settings, context));
      const run = await timed(seconds, 'search', () => searchAll(index, retrieval, topK, threads, context));
      return [{ system, output: { kind: 'ranking', run }, cost: { seconds } }];
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

/** Searches all queries. A query without hits is left out of the run, as search engines do. */
async function searchAll(
  index: Bm25Index,
  task: RetrievalTask,
  topK: number,
  threads: number,
  { progress, signal }: RunnerContext,
): Promise<Map<string, Ranking>> {
  const stage = progress.stage('BM25 search', task.queries.length, 'queries');
  const run = new Map<string, Ranking>();
  try {
    let query = 0;
    const texts = task.queries.map(({ text }) => text);
    for await (const ranking of index.searchAll(texts, topK, { threads, signal })) {
      const { id } = task.queries[query++]!;
      if (ranking.ids.length > 0) run.set(id, ranking);
      stage.advance(1);
    }
    return run;
  } finally {
    stage.end();
  }
}
