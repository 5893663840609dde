import { InputError } from '../../core/errors.js';
import { pythonStrip } from '../../core/text.js';
import type { LabelledPair, TwitterParaTask } from '../../core/useb.js';
import { checksumOf, requireFiles, strippedRow, tabRows, type TabRow } from './files.js';

/**
 * Reads USEB's TwitterPara: Twitter_URL_Corpus_test.txt (Lan et al. 2017; `text, text, (votes, 6), url`) and test.data
 * (PIT-2015, Xu et al. 2015; `topic id, topic, text, text, label 0-5, tags, tags`). Only the test split exists. The
 * labels come from test.data; test.label is required but not read.
 * @throws InputError naming the invalid line
 */
export async function openTwitterPara(folder: string, name: string): Promise<TwitterParaTask> {
  const [urlPath, pitPath] = await requireFiles(folder, ['Twitter_URL_Corpus_test.txt', 'test.data', 'test.label']);
  const pairs = { twitterurl: await readPairs(urlPath, urlPair), pit: await readPairs(pitPath, pitPair) };
  const all = [...pairs.twitterurl, ...pairs.pit];
  return {
    name,
    kind: 'useb',
    dataset: 'twitterpara',
    symmetric: true,
    queryLimit: null,
    split: 'test',
    pairs,
    skippedQueries: 0,
    facts: {
      checksum: await checksumOf([urlPath, pitPath]),
      documents: new Set(all.flatMap(({ texts }) => texts)).size,
      queries: all.length,
      judgements: all.length,
      judgementsOfUnknownDocuments: 0,
      judgedQueriesWithoutText: 0,
    },
  };
}

async function readPairs(path: string, parse: (row: TabRow) => LabelledPair): Promise<LabelledPair[]> {
  const pairs: LabelledPair[] = [];
  for await (const row of tabRows(path)) pairs.push(parse(strippedRow(row)));
  for (const [kind, hasKind] of [
    ['above 3', pairs.some(({ label }) => label > 3)],
    ['below 3', pairs.some(({ label }) => label < 3)],
  ] as const) {
    if (!hasKind)
      throw new InputError(`${path}: has no pair with a label ${kind}; expected both kinds, for average precision`);
  }
  return pairs;
}

function urlPair({ fields, where }: TabRow): LabelledPair {
  if (fields.length < 3) {
    throw new InputError(
      `${where}: expected at least 3 fields separated by tabs (text, text, votes), found ${fields.length}`,
    );
  }
  const votes = /^\(\s*(\d+)\s*,\s*6\s*\)$/.exec(pythonStrip(fields[2]!))?.[1];
  const label = Number(votes);
  if (votes === undefined || label > 6) {
    throw new InputError(
      `${where}: the label is "${fields[2]!.slice(0, 40)}"; expected votes out of six, such as "(4, 6)"`,
    );
  }
  return pairOf(fields[0]!, fields[1]!, label);
}

function pitPair({ fields, where }: TabRow): LabelledPair {
  if (fields.length < 5) {
    throw new InputError(
      `${where}: expected at least 5 fields separated by tabs (topic id, topic, text, text, label), found ${fields.length}`,
    );
  }
  const text = pythonStrip(fields[4]!);
  if (!/^[0-5]$/.test(text))
    throw new InputError(`${where}: the label is "${text.slice(0, 40)}"; expected a whole number from 0 to 5`);
  return pairOf(fields[2]!, fields[3]!, Number(text));
}

function pairOf(a: string, b: string, label: number): LabelledPair {
  return { texts: [pythonStrip(a), pythonStrip(b)], label };
}
