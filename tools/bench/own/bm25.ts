/** BM25 of this project: the index built from documents in memory, then all queries. */
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import type { Document } from '../../../src/core/dataset.js';
import type { Ranking } from '../../../src/core/run.js';
import { Bm25Index, bm25Settings, type Bm25Settings } from '../../../src/search/index.js';
import { serve, type Job } from './serve.js';

interface Parameters {
  /** corpus.jsonl, ids "0", "1" … */
  readonly corpus: string;
  /** JSON array of texts. */
  readonly queries: string;
  readonly topK: number;
  /** Of the search. */
  readonly threads: number;
  /** Where to keep the rankings: JSON, for each query ids and scores. */
  readonly results: string;
}

await serve(async ({ corpus, queries, topK, threads, results }: Parameters): Promise<Job> => {
  const texts = JSON.parse(readFileSync(queries, 'utf8')) as string[];
  const documents: Document[] = [];
  const { jsonLines } = await import('../../../src/datasets/jsonl.js');
  for await (const batch of jsonLines(corpus)) {
    for (const { value } of batch)
      documents.push({ id: value['_id'] as string, title: '', text: value['text'] as string });
  }
  // Ties by id, and lengths in one byte as Lucene has them: what `run` does.
  const settings = { ...bm25Settings('anserini-flat'), ties: 'trec_eval' } as const;
  const output = await memoryOf(documents, settings, texts[0]!);
  return {
    about: `k1 ${settings.k1}, b ${settings.b}, one thread for the index, ${threads} for the search, Lucene's analysis and arithmetic`,
    async run() {
      const start = performance.now();
      const index = await Bm25Index.build(documents, settings);
      const built = performance.now();
      const rankings: Ranking[] = [];
      for await (const ranking of index.searchAll(texts, topK, { threads })) rankings.push(ranking);
      const end = performance.now();
      return {
        seconds: { index: (built - start) / 1000, search: (end - built) / 1000 },
        output,
        finish: () => keep(results, rankings),
      };
    },
  };
});

/** The room that an index and what it searches with take, and took at most while it was built. */
async function memoryOf(documents: readonly Document[], settings: Bm25Settings, query: string): Promise<string> {
  const before = await arrayBytes();
  let most = 0;
  const look = (): void => {
    most = Math.max(most, process.memoryUsage().arrayBuffers - before);
  };
  const index = await Bm25Index.build(documents, settings, look);
  look();
  index.search(query, 1);
  const kept = (await arrayBytes()) - before;
  const { postings } = index.statistics.fields.contents!;
  const each = (of: number): string =>
    `${(of / 2 ** 20).toFixed(0)} MiB, ${(of / postings).toFixed(1)} bytes a posting`;
  return `${postings} postings; the index and the memory of its search take ${each(kept)}; while it was built, ${each(most)} at most`;
}

function keep(path: string, rankings: readonly Ranking[]): Promise<void> {
  return writeFile(path, JSON.stringify(rankings.map(({ ids, scores }) => ({ ids, scores: Array.from(scores) }))));
}

/** Bytes of typed arrays in use. Memory that was let go is given back a moment after it was collected. */
async function arrayBytes(): Promise<number> {
  for (let i = 0; i < 3; i++) {
    globalThis.gc?.();
    await setTimeout(20);
  }
  return process.memoryUsage().arrayBuffers;
}
