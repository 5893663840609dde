import { basename, dirname, resolve } from 'node:path';
import { z } from 'zod';
import type { RetrievalTask } from '../core/dataset.js';
import { InputError } from '../core/errors.js';
import { readJson } from '../io/files.js';
import { readQueries } from './beir-folder.js';
import { openRetrievalTask } from './task.js';
import { readTopics, topicFields } from './topics.js';

/** A JSON task file, see docs/add-a-dataset.md. Paths are relative to the file. */
const taskFileSchema = z
  .strictObject({
    name: z.string().min(1).optional(),
    corpus: z.string().min(1),
    queries: z.string().min(1).optional(),
    topics: z.string().min(1).optional(),
    topicField: z.enum(topicFields).optional(),
    qrels: z.union([z.string().min(1), z.record(z.string().min(1), z.string().min(1))]),
    split: z.string().min(1).optional(),
    removesIdenticalIds: z.boolean().optional(),
    mainMeasure: z.string().min(1).optional(),
    prompts: z.array(z.string().min(1)).min(1).optional(),
    instruction: z.string().min(1).optional(),
  })
  .refine(({ queries, topics }) => (queries === undefined) !== (topics === undefined), {
    message: 'expected either "queries" (JSON Lines) or "topics" (TREC topics)',
  });

/** Opens the task of a JSON task file. @throws InputError for an invalid field or invalid data */
export async function openTaskFile(path: string, wantedSplit?: string): Promise<RetrievalTask> {
  const file = await readJson(path, taskFileSchema, 'a task file (see docs/add-a-dataset.md)');
  const absolute = (relative: string): string => resolve(dirname(path), relative);
  const [split, qrels] = chooseQrels(path, file.qrels, wantedSplit ?? file.split);
  const { topicField } = file;
  return openRetrievalTask({
    name: file.name ?? basename(path).replace(/\.json$/i, ''),
    split,
    corpusPath: absolute(file.corpus),
    queriesPath: absolute((file.queries ?? file.topics)!),
    qrelsPath: absolute(qrels),
    readQueries: file.topics === undefined ? readQueries : (topics) => readTopics(topics, topicField),
    removesIdenticalIds: file.removesIdenticalIds ?? false,
    mainMeasure: file.mainMeasure,
    prompts: file.prompts,
    instruction: file.instruction,
  });
}

/** A single qrels file is used for any split; of several, the split selects one. */
function chooseQrels(
  path: string,
  qrels: string | Readonly<Record<string, string>>,
  wanted: string | undefined,
): [string, string] {
  if (typeof qrels === 'string') return [wanted ?? 'test', qrels];
  const splits = Object.keys(qrels);
  const only = splits.length === 1 ? splits[0] : undefined;
  const split = wanted ?? (splits.includes('test') ? 'test' : only) ?? 'test';
  const found = Object.hasOwn(qrels, split) ? qrels[split] : undefined;
  if (found !== undefined) return [split, found];
  throw new InputError(
    `${path}: has no judgements for the split "${split}"; available splits: ${splits.join(', ')}; choose one with --split`,
  );
}
