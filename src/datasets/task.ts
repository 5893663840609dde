import { createHash } from 'node:crypto';
import type { Qrels, Query, RetrievalTask } from '../core/dataset.js';
import { InputError } from '../core/errors.js';
import { sha256 } from '../io/files.js';
import { lineBlocks } from '../io/lines.js';
import { JsonlCorpus } from './jsonl-corpus.js';
import { readQrels } from './qrels-file.js';

/** The files and the rules of a task. */
export interface TaskDefinition {
  readonly name: string;
  readonly split: string;
  /** A corpus.jsonl, plain or gzip. */
  readonly corpusPath: string;
  readonly queriesPath: string;
  readonly qrelsPath: string;
  readonly readQueries: (path: string) => Promise<QueryFile>;
  readonly removesIdenticalIds: boolean;
  readonly mainMeasure?: string | undefined;
  readonly prompts?: readonly string[] | undefined;
  readonly instruction?: string | undefined;
}

export interface QueryFile {
  readonly queries: readonly Query[];
  /** SHA-256 of the file's text. */
  readonly checksum: string;
}

/**
 * Opens a task: reads judgements and queries, and indexes the corpus. Keeps only judged queries.
 * @throws InputError for a missing or invalid file, and if no query is judged
 */
export async function openRetrievalTask(definition: TaskDefinition): Promise<RetrievalTask> {
  const { name, split, qrelsPath, queriesPath, mainMeasure, prompts, instruction } = definition;
  const qrels = await readQrels(qrelsPath);
  const { queries: allQueries, checksum: queriesChecksum } = await definition.readQueries(queriesPath);
  const queries = allQueries.filter(({ id }) => qrels.has(id));
  if (queries.length === 0) {
    throw new InputError(
      `${qrelsPath}: has no judgements of the queries in ${queriesPath}; do the files belong to the same data set?`,
    );
  }
  const qrelsChecksum = await checksumOfText(qrelsPath);
  const corpus = await JsonlCorpus.open(definition.corpusPath);
  return {
    kind: 'retrieval',
    name,
    split,
    symmetric: false,
    queryLimit: null,
    corpus,
    queries,
    qrels,
    removesIdenticalIds: definition.removesIdenticalIds,
    ...(mainMeasure === undefined ? {} : { mainMeasure }),
    ...(prompts === undefined ? {} : { prompts }),
    ...(instruction === undefined ? {} : { instruction }),
    facts: {
      checksum: sha256([corpus.checksum, queriesChecksum, qrelsChecksum].join('\n')),
      documents: corpus.size,
      queries: queries.length,
      judgedQueriesWithoutText: qrels.size - queries.length,
      ...countJudgements(qrels, (id) => corpus.has(id)),
    },
  };
}

/** SHA-256 of a file's decompressed text, without a byte order mark. */
export async function checksumOfText(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const { bytes } of lineBlocks(path)) hash.update(bytes);
  return hash.digest('hex');
}

function countJudgements(
  qrels: Qrels,
  isDocument: (id: string) => boolean,
): { judgements: number; judgementsOfUnknownDocuments: number } {
  let judgements = 0;
  let judgementsOfUnknownDocuments = 0;
  for (const grades of qrels.values()) {
    judgements += grades.size;
    for (const id of grades.keys()) if (!isDocument(id)) judgementsOfUnknownDocuments++;
  }
  return { judgements, judgementsOfUnknownDocuments };
}
