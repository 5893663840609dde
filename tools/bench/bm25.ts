import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inTurn, present, type Comparison } from './harness/compare.js';
import { startOwn, startPeer } from './harness/contender.js';
import type { JobOptions } from './harness/job.js';
import { documentsFrom, textSource, writeCorpus } from './data/texts.js';

const topK = 1000;
const queries = 1000;
/** Documents of MS MARCO's length: a million of NFCorpus's, as Python's lists of tokens, would not fit into memory. */
const words = 60;

/** BM25's index and search against bm25s. */
export async function benchBm25({ size, folder, threads, rounds }: JobOptions): Promise<Comparison[]> {
  const documents = size === 'full' ? 1_000_000 : 100_000;
  const path = (name: string): string => join(folder, name);
  const source = await textSource();
  await writeCorpus(path('corpus.jsonl'), documentsFrom(source, documents, words));
  await writeFile(path('queries.json'), JSON.stringify(source.queries.slice(0, queries)));
  const common = { corpus: path('corpus.jsonl'), queries: path('queries.json'), topK, threads };
  const { contenders, absent } = present([
    await startOwn('sgpt-bench', 'bm25', { ...common, results: path('own') }),
    await startPeer('bm25s', 'bm25', { ...common, results: path('bm25s') }),
  ]);
  const measured = await inTurn(contenders, rounds);
  for (const contender of contenders) await contender.close();
  const findings = [`sgpt-bench: ${measured[0]!.samples[0]!.output ?? ''}`];
  if (absent.length === 0) findings.push(await agreement(path('own'), path('bm25s')));
  return [
    {
      title: `BM25, ${documents.toLocaleString('en')} documents`,
      input: `documents of about ${words} words made of phrases of ${source.name}, ${queries} queries, the best ${topK}`,
      work: { amount: documents, unit: 'documents' },
      measured,
      absent,
      findings,
    },
  ];
}

interface Rankings {
  readonly ids: readonly string[];
  readonly scores: readonly number[];
}

/** The tokenisers differ in details and the lengths in precision, so that rankings agree only nearly. */
async function agreement(ownPath: string, otherPath: string): Promise<string> {
  const [own, other] = [await readRankings(ownPath), await readRankings(otherPath)];
  let [common, all] = [0, 0];
  for (const [q, { ids }] of own.entries()) {
    const best = new Set(ids.slice(0, 10));
    all += best.size;
    common += other[q]!.ids.slice(0, 10).filter((id) => best.has(id)).length;
  }
  return `of the first ten documents, ${((100 * common) / all).toFixed(1)} % are among bm25s's first ten (it has other tokens and exact lengths)`;
}

async function readRankings(path: string): Promise<Rankings[]> {
  return JSON.parse(await readFile(path, 'utf8')) as Rankings[];
}
