import { z } from 'zod';
import { inputKinds } from '../core/health.js';
import { profileNames } from '../core/profile.js';

/** To be raised when a field changes its meaning or is removed; records of another version are refused. */
export const RECORD_VERSION = 2;

const setting = z.union([z.string(), z.number(), z.boolean(), z.null()]);
const sha256Hex = z.string().regex(/^[0-9a-f]{64}$/, 'expected a SHA-256 in lower-case hex');
const count = z.int().nonnegative();

/** A file beside the record. Its hash ties it to the record: a file that was changed, exchanged or cut is refused. */
const storedFile = z.strictObject({
  name: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, 'expected the name of a file beside the record'),
  /** SHA-256 of the file's bytes. */
  sha256: sha256Hex,
});

/** The data. Results are comparable only if name, split and checksum are equal. */
const taskSchema = z.strictObject({
  /** `beir/nfcorpus`, `demo/computing`, or the folder's name. */
  name: z.string().min(1),
  split: z.string().min(1),
  /** SHA-256 over the bytes of corpus, queries and judgements. */
  checksum: sha256Hex,
  documents: count,
  /** Judged queries that were searched. */
  queries: count,
  judgements: count,
  judgementsOfUnknownDocuments: count,
  judgedQueriesWithoutText: count,
  /** Limit of `--limit-queries`: only the first queries were run, so the score is not one of the task. Null: all queries. */
  queryLimit: count.nullable(),
});

const modelSchema = z.strictObject({
  /** Hub id or the folder's name. */
  id: z.string().min(1),
  /** Hub commit; null for a folder. */
  revision: z.string().nullable(),
  /** `model_type` of config.json. */
  architecture: z.string(),
  /** Parameters, tied ones counted once; null for a hosted model that does not publish it. */
  parameters: z.number().nonnegative().nullable(),
  /** SHA-256 of each file that was read. */
  files: z.record(z.string(), sha256Hex),
  /** Number format of the computation: fp32, int8 … */
  dtype: z.string(),
});

const systemSchema = z.strictObject({
  /** Readable and unique in a report: `BE sgpt-1m weightedmean`. */
  name: z.string().min(1),
  /** bm25, bi-encoder, cross-encoder, oracle … */
  runner: z.string().min(1),
  /** Systems of one family form one line of the plot over model sizes: `BE weightedmean`. */
  family: z.string().min(1),
  model: modelSchema.nullable(),
  /** Every setting that can change a score; `storeDtype` only if vectors were not stored as float32. */
  settings: z.record(z.string(), setting),
});

/** The first stage of a re-ranker. */
const firstStageSchema = z.strictObject({
  /** The first stage's system name, or the name of a run file. */
  name: z.string(),
  /** SHA-256 over the candidates in order: equal candidates have equal checksums, whatever made them. */
  checksum: sha256Hex,
  depth: z.int().positive(),
});

const evaluationSchema = z.strictObject({
  average: z.enum(['intersection', 'complete']),
  identicalIdsRemoved: z.boolean(),
  /** Decimals of the means; null: not rounded. */
  decimals: z.int().nullable(),
  /** Judged queries for which the system returned nothing; on USEB's tasks, those that are left out of the means. */
  queriesWithoutRanking: count,
});

const inputSchema = z.strictObject({
  total: count,
  /** Texts without a token of their own; of pairs, those whose query has none. */
  empty: count,
  /** Texts or pairs cut to the model's longest input; null if unknown (hosted models). */
  truncated: count.nullable(),
  /** Vectors that are zero; null for pairs. */
  zeroVectors: count.nullable(),
});

/** Facts that a reader must know before believing the scores. */
const healthSchema = z.strictObject({
  /** Queries with two or more documents, all with the same score; null on USEB's tasks, which have no rankings. */
  tiedQueries: count.nullable(),
  /** Inputs of the model, by kind; empty for systems without a model's inputs, such as BM25. */
  inputs: z.partialRecord(z.enum(inputKinds), inputSchema),
  /** Documents that the profile leaves out because their text is empty. */
  droppedDocuments: count,
});

/** The program and processor that computed stored vectors or scores, and the number of shards. */
const makerSchema = z.strictObject({
  build: z.string(),
  onnxruntime: z.string(),
  processor: z.string(),
  shards: count,
});

/** Properties that may differ between two runs of the same work; never part of the fingerprint. */
const provenanceSchema = z.strictObject({
  createdAt: z.iso.datetime(),
  /** The command line that made the record. */
  command: z.string(),
  versions: z.record(z.string(), z.string()),
  /** Hash of the program that searched and evaluated (io/build-id.ts). */
  build: z.string(),
  /** All who computed vectors or scores for the result, on any machine and at any time; empty if none were stored. */
  makers: z.array(makerSchema),
  /** Shards that a second worker of a queue computed again; null without a queue. */
  recheck: z
    .strictObject({
      compared: count,
      /** Number of these whose bits differed, and the largest difference relative to the largest number of its row. */
      differing: count,
      largestDifference: z.number().nonnegative(),
    })
    .nullable(),
  machine: z.strictObject({
    platform: z.string(),
    cpu: z.string(),
    cores: count,
    memoryGiB: z.number(),
    threads: count,
  }),
  cost: z.strictObject({
    /** Seconds by stage. */
    seconds: z.record(z.string(), z.number()),
    /** Number of encoded texts, without those found in the store. */
    texts: count.optional(),
    /** Number of scored pairs. */
    pairs: count.optional(),
    /** Peak resident memory of all processes together; memory that they share counts in each. */
    memoryMiB: count.optional(),
    /** Bytes of a document's vector as it is searched: fewer if it is cut or quantized. */
    vectorBytes: count.optional(),
    /** Hosted models only: sent requests, tokens as the server counts them, and their price in the currency given. */
    requests: count.optional(),
    tokens: count.optional(),
    price: z.number().nonnegative().optional(),
  }),
});

/** The record of one system on one task: everything about one score of a report. */
export const resultRecordSchema = z.strictObject({
  schema: z.literal('sgpt-bench/result'),
  version: z.literal(RECORD_VERSION),
  /** SHA-256 over task, system, profile and first stage: equal for equal work, on any machine at any time. */
  fingerprint: sha256Hex,
  task: taskSchema,
  system: systemSchema,
  profile: z.enum(profileNames),
  firstStage: firstStageSchema.nullable(),
  /** Maximum number of documents per query. */
  topK: z.int().positive(),
  evaluation: evaluationSchema,
  health: healthSchema,
  /** The measure of tables and plots. */
  mainMeasure: z.string(),
  /** Means as fractions, by ir_measures' names; on USEB's tasks, by USEB's keys. */
  measures: z.record(z.string(), z.number()),
  /** The files beside the record. A USEB task has no run. */
  files: z.strictObject({ run: storedFile.nullable(), perQuery: storedFile }),
  provenance: provenanceSchema,
});

export type ResultRecord = z.infer<typeof resultRecordSchema>;
/** A record before it is stored: its files get their names and hashes when they are written. */
export type NewRecord = Omit<ResultRecord, 'files'>;
export type StoredFile = z.infer<typeof storedFile>;
export type Provenance = z.infer<typeof provenanceSchema>;

/** The part of a record that the fingerprint covers. */
export type WorkDescription = Pick<ResultRecord, 'task' | 'system' | 'profile' | 'firstStage' | 'topK'>;

const topDocument = z.strictObject({
  id: z.string(),
  title: z.string(),
  score: z.number(),
  grade: z.number().nullable(),
});

const queryScores = z.strictObject({
  id: z.string(),
  text: z.string(),
  /** One value per measure, in the order of `measures`; null if the query is not in the mean. */
  values: z.array(z.number().nullable()),
});

/** The per-query file: scores per query, and the top of each ranking, so that reports need neither data nor models. */
export const perQuerySchema = z.strictObject({
  schema: z.literal('sgpt-bench/per-query'),
  version: z.literal(RECORD_VERSION),
  measures: z.array(z.string()),
  queries: z.array(
    queryScores.extend({
      /** The top ten documents; grade is null if the pair is not judged. */
      top: z.array(topDocument),
      /** All judgements of the query as (document, grade), so that runs can be scored again without the data set. */
      judgements: z.array(z.tuple([z.string(), z.number()])).optional(),
    }),
  ),
});

/** The per-query file without rankings and judgements. */
export const scoresSchema = perQuerySchema.extend({ queries: z.array(queryScores) });
export type QueryScores = z.infer<typeof scoresSchema>;
export type PerQuery = z.infer<typeof perQuerySchema>;
