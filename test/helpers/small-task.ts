import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeFiles } from './folder.js';

const demo = join(import.meta.dirname, '../../datasets/demo');

/** Models that are quick to run: the smallest of the bundled ones. */
export const smallModels = {
  biEncoder: join(import.meta.dirname, '../../models/demo/sgpt-170k-weightedmean-specb-bitfit'),
  causal: join(import.meta.dirname, '../../models/demo/gpt-neo-170k'),
};

/**
 * Writes a small data set in BEIR's layout: the bundled set's first queries, the documents judged for them, and some
 * others, `documents` in all.
 */
export async function writeSmallTask(folder: string, queries = 6, documents = 60): Promise<void> {
  const lines = (file: string): string[] => readFileSync(join(demo, file), 'utf8').trimEnd().split('\n');
  const idOf = (line: string): string => (JSON.parse(line) as { _id: string })._id;
  const keptQueries = lines('queries.jsonl').slice(0, queries);
  const queryIds = new Set(keptQueries.map(idOf));
  const [header, ...judgements] = lines('qrels/test.tsv');
  const keptJudgements = judgements.filter((line) => queryIds.has(line.split('\t')[0]!));
  const judged = new Set(keptJudgements.map((line) => line.split('\t')[1]!));
  const corpus = lines('corpus.jsonl');
  const needed = corpus.filter((line) => judged.has(idOf(line)));
  const others = corpus.filter((line) => !judged.has(idOf(line))).slice(0, Math.max(0, documents - needed.length));
  await writeFiles(folder, {
    'corpus.jsonl': [...needed, ...others].join('\n') + '\n',
    'queries.jsonl': keptQueries.join('\n') + '\n',
    'qrels/test.tsv': [header, ...keptJudgements].join('\n') + '\n',
  });
}

/** Writes the bundled corpus again and again, `documents` in all, so that work on it takes some seconds, and the first queries. */
export async function writeLongTask(folder: string, documents: number): Promise<void> {
  const lines = (file: string): string[] => readFileSync(join(demo, file), 'utf8').trimEnd().split('\n');
  const corpus = lines('corpus.jsonl').map((line) => JSON.parse(line) as { _id: string; text: string });
  const copies = Array.from({ length: documents }, (_, i) => {
    const document = corpus[i % corpus.length]!;
    const round = Math.floor(i / corpus.length);
    return round === 0 ? document : { ...document, _id: `${document._id}-${round}`, text: `${round} ${document.text}` };
  });
  await writeFiles(folder, {
    'corpus.jsonl': copies.map((document) => JSON.stringify(document)).join('\n') + '\n',
    'queries.jsonl': lines('queries.jsonl').slice(0, 8).join('\n') + '\n',
    'qrels/test.tsv': lines('qrels/test.tsv').join('\n') + '\n',
  });
}
