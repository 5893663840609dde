import { createWriteStream, existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { once } from 'node:events';
import { join } from 'node:path';
import { nfcorpusFolder, nfcorpusMissing } from '../../../test/helpers/nfcorpus.js';
import { FastRandom } from './random.js';

export interface BenchText {
  readonly title: string;
  readonly text: string;
}

/** Texts that others are made of, and where they are from. */
export interface TextSource {
  readonly name: string;
  readonly documents: readonly BenchText[];
  readonly queries: readonly string[];
}

/** NFCorpus where it is at hand, else texts of invented words with its lengths. */
export async function textSource(): Promise<TextSource> {
  if (nfcorpusMissing !== undefined) return inventedSource();
  const folder = await nfcorpusFolder();
  const lines = async (name: string): Promise<{ title: string; text: string }[]> =>
    (await readFile(join(folder, name), 'utf8'))
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as { title: string; text: string });
  const queries = (await lines('queries.jsonl')).map(({ text }) => text);
  return { name: 'NFCorpus', documents: await lines('corpus.jsonl'), queries };
}

/** Words of NFCorpus's documents and queries: mean and standard deviation of their logarithms. */
const documentWords = { mean: 5.35, deviation: 0.45 };
const queryWords = { mean: 0.95, deviation: 0.7 };
const inventedDocuments = 3633;
const inventedQueries = 3237;

function inventedSource(): TextSource {
  const random = new FastRandom(3);
  const vocabulary = Array.from({ length: 30_000 }, () => inventedWord(random));
  const text = ({ mean, deviation }: typeof documentWords): string => {
    const words = Math.max(1, Math.round(Math.exp(mean + deviation * random.normal())));
    return Array.from({ length: words }, () => vocabulary[zipf(random, vocabulary.length)]!).join(' ');
  };
  return {
    name: "invented words, NFCorpus's lengths",
    documents: Array.from({ length: inventedDocuments }, () => ({
      title: text(queryWords),
      text: text(documentWords),
    })),
    queries: Array.from({ length: inventedQueries }, () => text(queryWords)),
  };
}

/**
 * A corpus of any size from a source: phrases of random documents, 5 to 15 words each, until a text is as long as one of the
 * source's; and now and then a word of its own, so that the vocabulary grows with the corpus as it does in life.
 * @param words about how many words a text has; by default as many as the source's
 */
export function* documentsFrom(source: TextSource, count: number, words?: number): Generator<BenchText> {
  const random = new FastRandom(4);
  const split = source.documents.map(({ text }) => text.split(' '));
  const any = (): readonly string[] => split[random.below(split.length)]!;
  for (let i = 0; i < count; i++) {
    const length = words === undefined ? any().length : 1 + random.below(2 * words);
    const parts: string[] = [];
    for (let used = 0; used < length;) {
      const from = any();
      const size = Math.min(5 + random.below(11), length - used);
      const start = random.below(Math.max(1, from.length - size));
      parts.push(from.slice(start, start + size).join(' '));
      used += size;
    }
    if (random.next() < 0.3) parts.push(inventedWord(random));
    yield { title: source.documents[random.below(source.documents.length)]!.title, text: parts.join(' ') };
  }
}

/** Writes documents as BEIR's corpus.jsonl, with the ids "0", "1" … by default. */
export async function writeCorpus(path: string, documents: Iterable<BenchText>, id = String): Promise<void> {
  if (existsSync(path)) return;
  const file = createWriteStream(path);
  let lines = '';
  let number = 0;
  for (const { title, text } of documents) {
    lines += JSON.stringify({ _id: id(number++), title, text, metadata: {} }) + '\n';
    if (lines.length < 1 << 20) continue;
    if (!file.write(lines)) await once(file, 'drain');
    lines = '';
  }
  file.end(lines);
  await once(file, 'finish');
}

function inventedWord(random: FastRandom): string {
  const length = 3 + random.below(8);
  return Array.from({ length }, () => String.fromCharCode(97 + random.below(26))).join('');
}

/** A rank from 0 to n - 1, the r-th with a share of about 1/r. */
function zipf(random: FastRandom, n: number): number {
  return Math.min(n - 1, Math.floor(n ** random.next()) - 1);
}
