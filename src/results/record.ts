import { z } from 'zod';
import { profileNames } from '../core/profile.js';

/** Raised when a field changes its meaning or goes; records of another version are refused with their version named. */
export const RECORD_VERSION = 1;

const setting = z.union([z.string(), z.number(), z.boolean(), z.null()]);
const sha256Hex = z.string().regex(/^[0-9a-f]{64}$/, 'expected a SHA-256 in lower-case hex');
const count = z.int().nonnegative();

/** The data: results are comparable only where name, split and checksum are equal. */
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
  /** `--limit-queries`: only the first so many queries were run; null for all. Such a score is no result of the task. */
  queryLimit: count.nullable(),
});

const modelSchema = z.strictObject({
  /** Hub id or the folder's name. */
  id: z.string().min(1),
  /** Hub commit; null for a folder. */
  revision: z.string().nullable(),
  /** `model_type` of config.json. */
  architecture: z.string(),
  /** Parameters, tied ones once; null for a hosted model that does not tell. */
  parameters: z.number().nonnegative().nullable(),
  /** SHA-256 of each file read. */
  files: z.record(z.string(), sha256Hex),
  /** What it was computed in: fp32, int8 … */
  dtype: z.string(),
});

const systemSchema = z.strictObject({
  /** Readable and unique in a report: `SGPT-BE sgpt-1m weightedmean`. */
  name: z.string().min(1),
  /** bm25, bi-encoder, cross-encoder, oracle … */
  runner: z.string().min(1),
  /** One line of the plot across model sizes: `SGPT-BE weightedmean`. */
  family: z.string().min(1),
  model: modelSchema.nullable(),
  /** Every setting that can change a score; `storeDtype` where vectors were stored otherwise than as float32. */
  settings: z.record(z.string(), setting),
});

/** What was re-ranked, for re-rankers. */
const firstStageSchema = z.strictObject({
  /** The first stage's system name, or the name of a run file. */
  name: z.string(),
  /** SHA-256 over the candidates in order, so that the same candidates are the same whatever made them. */
  checksum: sha256Hex,
  depth: z.int().positive(),
});

const evaluationSchema = z.strictObject({
  average: z.enum(['intersection', 'complete']),
  identicalIdsRemoved: z.boolean(),
  /** Decimal places of the means; null: not rounded. */
  decimals: z.int().nullable(),
  /** Judged queries for which the system returned nothing; for USEB's tasks, those that are left out of its means. */
  queriesWithoutRanking: count,
});

/** What may differ between two runs of the same work; never part of the fingerprint. */
const provenanceSchema = z.strictObject({
  createdAt: z.iso.datetime(),
  /** The command line that makes the record again. */
  command: z.string(),
  versions: z.record(z.string(), z.string()),
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
    /** Texts encoded (those found in the store are not counted). */
    texts: count.optional(),
    /** Pairs scored. */
    pairs: count.optional(),
    /** Resident memory of all processes together when it was largest; what they share is counted in each. */
    memoryMiB: count.optional(),
    /** Of hosted models: requests sent, tokens used as the server counts them, and their price in the currency given. */
    requests: count.optional(),
    tokens: count.optional(),
    price: z.number().nonnegative().optional(),
  }),
});

/** One system on one task: everything behind a cell of a report. */
export const resultRecordSchema = z.strictObject({
  schema: z.literal('sgpt-bench/result'),
  version: z.literal(RECORD_VERSION),
  /** SHA-256 over task, system, profile and first stage: equal for the same work, wherever and whenever it was done. */
  fingerprint: sha256Hex,
  task: taskSchema,
  system: systemSchema,
  profile: z.enum(profileNames),
  firstStage: firstStageSchema.nullable(),
  /** Number of documents kept a query. */
  topK: z.int().positive(),
  evaluation: evaluationSchema,
  /** The measure that tables and plots show. */
  mainMeasure: z.string(),
  /** Means as fractions, by ir_measures' names; for USEB's tasks, by USEB's keys. */
  measures: z.record(z.string(), z.number()),
  /** Files beside the record, by name. A USEB task has no run. */
  files: z.strictObject({ run: z.string().nullable(), perQuery: z.string() }),
  provenance: provenanceSchema,
});

export type ResultRecord = z.infer<typeof resultRecordSchema>;
export type Provenance = z.infer<typeof provenanceSchema>;

/** The part of a record that says what was done: its fingerprint is over this. */
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
  /** One value a measure, in the order of `measures`; null where the query is outside the mean. */
  values: z.array(z.number().nullable()),
});

/** The per-query file: scores by query, and the top of each ranking, so that reports need neither data nor models. */
export const perQuerySchema = z.strictObject({
  schema: z.literal('sgpt-bench/per-query'),
  version: z.literal(RECORD_VERSION),
  measures: z.array(z.string()),
  queries: z.array(
    queryScores.extend({
      /** The first ten documents; grade is null where the pair was not judged. */
      top: z.array(topDocument),
      /** All judgements of the query as (document, grade): runs are cut and scored anew without the data set. */
      judgements: z.array(z.tuple([z.string(), z.number()])).optional(),
    }),
  ),
});

/** The per-query file without rankings and judgements. */
export const scoresSchema = perQuerySchema.extend({ queries: z.array(queryScores) });
export type QueryScores = z.infer<typeof scoresSchema>;
export type PerQuery = z.infer<typeof perQuerySchema>;
