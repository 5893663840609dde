import { z } from 'zod';
import type { Setting } from './setting.js';
import { usebNormalizations } from './useb.js';

/** Number formats that a model can compute in; see models/loading/open-model.ts. */
export const dtypes = ['fp32', 'int8'] as const;
export type Dtype = (typeof dtypes)[number];

/** Devices that a model can run on; see models/runtime/providers.ts. */
export const devices = ['cpu', 'cuda'] as const;
export type Device = (typeof devices)[number];

/** Which tokens a token sees: itself and earlier ones, or all. */
export const attentions = ['causal', 'bidirectional'] as const;
export type Attention = (typeof attentions)[number];

/**
 * Similarities of two vectors, by sentence-transformers' names: `cosine`; `dot`, the inner product of the vectors as they
 * are; and negative distances, so that nearer is higher.
 */
export const similarities = ['cosine', 'dot', 'euclidean', 'manhattan'] as const;
export type Similarity = (typeof similarities)[number];

/** Number formats of searched vectors, by sentence-transformers' names. */
export const precisions = ['float32', 'int8', 'binary'] as const;
export type Precision = (typeof precisions)[number];

/** Number formats of stored vectors. */
export const storeDtypes = ['float32', 'float16'] as const;
export type StoreDtype = (typeof storeDtypes)[number];

/** A field's use: in keys, queue jobs and records, and on the command line. */
export interface FieldRule {
  /**
   * Use in the keys of stored vectors and scores:
   * - `vectors`, `scores`, `both`: their key includes the setting, with the value that it has in the opened model
   * - `queries`, `documents`: only the key of the vectors of queries, or of documents, includes it
   * - `model`: their key includes what the field names (the model's files, its dtype)
   * - `view`: each value is a view of its own, with a key of its own
   * - `format`: the key is the same, the file format differs
   * - `nothing`: the field has an effect only later (search, re-ranking), or changes no number
   */
  readonly key: 'vectors' | 'queries' | 'documents' | 'scores' | 'both' | 'model' | 'view' | 'format' | 'nothing';
  /** A queue's worker gets the value from the job (`sent`) or from its own options (`own`), or does not need it (`unused`). */
  readonly job: 'sent' | 'own' | 'unused';
  /** The part of a record that holds the value; `command` (the command line) for fields that change no number. */
  readonly record: 'system' | 'settings' | 'model' | 'firstStage' | 'command';
  /** Keys and records omit the setting if it has this value, so that they equal those from before the field existed. */
  readonly omittedValue?: Setting;
  /** Restricts the field to models that run locally, or to hosted models. Default: any model. */
  readonly models?: 'local' | 'hosted';
  /** The reason why other models cannot use it, for the error. */
  readonly why?: string;
  /** The option's argument in the help. */
  readonly value: string;
  /** One line for the help. */
  readonly help: string;
  /** Heading in the help. */
  readonly group: 'bi-encoders' | 're-ranking' | 'computing' | 'hosted' | 'general';
  /** Parser for the command line; enumerations are parsed by their schema. */
  readonly read?: 'list' | 'layers' | 'count' | 'counts' | 'number' | 'repeated' | 'optional';
}

/** A field: the schema of its values with the default, and its rule. */
export function field<Schema extends z.ZodType, const Rule extends FieldRule>(
  schema: Schema,
  rule: Rule,
): { readonly schema: Schema; readonly rule: Rule } {
  return { schema, rule };
}

const text = z.string().min(1);
const count = z.int().positive();
const pooledByServer = { models: 'local', why: 'a hosted model is pooled by its server' } as const;
const ranByServer = { models: 'local', why: 'the server of a hosted model decides how it runs' } as const;
const hosted = {
  models: 'hosted',
  group: 'hosted',
  why: 'it is for hosted models (--model openai:NAME)',
} as const;
/** For fields of hosted models that change no number; queues do not support hosted models. */
const noEffect = { key: 'nothing', job: 'unused', record: 'command' } as const;

/**
 * All fields of a system. To add an option: an entry here, its name in a list below, and the code that implements it
 * (docs/add-an-option.md).
 */
export const systemFields = {
  runner: field(text, {
    ...{ key: 'nothing', job: 'sent', record: 'system', group: 'general' },
    value: '<names>',
    help: 'kinds of system (default: bi-encoder with --model, else bm25)',
  }),
  model: field(text.nullable().default(null), {
    ...{ key: 'model', job: 'sent', record: 'model', group: 'general', read: 'list' },
    value: '<names>',
    help: 'model folders, hub ids (organisation/name, organisation/name@revision), or hosted models (openai:NAME)',
  }),
  pooling: field(z.array(text).readonly().default([]), {
    ...{ key: 'view', job: 'sent', record: 'settings', group: 'bi-encoders', read: 'list', ...pooledByServer },
    value: '<names>',
    help: "poolings, all from one pass: names, all, or own (default: the model's own, else weightedmean)",
  }),
  layer: field(
    z
      .array(z.union([z.int(), z.literal('all')]))
      .readonly()
      .default([]),
    {
      ...{ key: 'view', job: 'sent', record: 'settings', group: 'bi-encoders', read: 'layers', ...pooledByServer },
      value: '<numbers>',
      help: 'hidden states to pool: numbers, or all (default: the last)',
    },
  ),
  brackets: field(text.default('auto'), {
    ...{ key: 'vectors', job: 'sent', record: 'settings', group: 'bi-encoders' },
    value: '<kind>',
    help: 'marks around texts: auto (by the model\'s name), specb, speca, none, or four tokens like "[,],{,}"',
  }),
  embedPrompt: field(text.nullable().default(null), {
    ...{ key: 'vectors', job: 'sent', record: 'settings', omittedValue: null, group: 'bi-encoders' },
    value: '<eol|text>',
    help: 'embed texts within a prompt: eol (PromptEOL), eol:SENTENCE=WORD with a demonstration, or a text with {}',
  }),
  queryPrompt: field(text.default('auto'), {
    ...{ key: 'queries', job: 'sent', record: 'settings', omittedValue: null, group: 'bi-encoders' },
    value: '<text>',
    help: 'prompt of queries: auto (the model\'s own), none, one that the model names, or a text like "query: {text}"',
  }),
  documentPrompt: field(text.default('auto'), {
    ...{ key: 'documents', job: 'sent', record: 'settings', omittedValue: null, group: 'bi-encoders' },
    value: '<text>',
    help: 'prompt of documents: as for queries; {title} stands for the title, {title|none} with a word for untitled ones',
  }),
  instruction: field(text.nullable().default(null), {
    ...{ key: 'queries', job: 'sent', record: 'settings', omittedValue: null, group: 'bi-encoders' },
    value: '<text>',
    help: "fills {instruction} in prompts (default: the task's own, where the prompt has a place for it)",
  }),
  attention: field(z.enum(attentions).nullable().default(null), {
    ...{ key: 'vectors', job: 'sent', record: 'settings', omittedValue: null, group: 'bi-encoders', ...ranByServer },
    value: '<kind>',
    help: "for experiments: which tokens a token sees, causal or bidirectional (default: the model's own)",
  }),
  maxTokens: field(count.nullable().default(null), {
    ...{ key: 'both', job: 'sent', record: 'settings', group: 'bi-encoders', read: 'count' },
    value: '<n>',
    help: "longest input in tokens (default: the profile's, else the model's); of a hosted model, with --tokenizer",
  }),
  similarity: field(z.enum(similarities).nullable().default(null), {
    ...{ key: 'nothing', job: 'unused', record: 'settings', group: 'bi-encoders' },
    value: '<name>',
    help: "how vectors are compared: cosine, dot, euclidean or manhattan (default: the model's own, else cosine)",
  }),
  dimensions: field(z.array(count).readonly().default([]), {
    ...{ key: 'nothing', job: 'unused', record: 'settings', omittedValue: null, group: 'bi-encoders', read: 'counts' },
    value: '<numbers>',
    help: 'first dimensions of the vectors to search by, each number a system, all from one pass (Matryoshka)',
  }),
  precision: field(z.array(z.enum(precisions)).min(1).readonly().default(['float32']), {
    ...{
      key: 'nothing',
      job: 'unused',
      record: 'settings',
      omittedValue: 'float32',
      group: 'bi-encoders',
      read: 'list',
    },
    value: '<names>',
    help: 'precisions of the vectors to search by, each a system: float32, int8, binary (default: float32)',
  }),
  rescore: field(count.nullable().default(null), {
    ...{ key: 'nothing', job: 'unused', record: 'settings', omittedValue: null, group: 'bi-encoders', read: 'count' },
    value: '<n>',
    help: 'quantized vectors find n times as many documents, which queries in float32 put in order (default: none)',
  }),
  normalize: field(z.enum(usebNormalizations).default('by-task'), {
    ...{ key: 'nothing', job: 'unused', record: 'settings', group: 'bi-encoders', read: 'optional' },
    value: '[where]',
    help: 'USEB: where embeddings are scaled to length 1; "all" as in the SGPT paper',
  }),
  prompt: field(text.nullable().default(null), {
    ...{ key: 'scores', job: 'sent', record: 'settings', group: 're-ranking', read: 'repeated' },
    value: '<letter|text>',
    help: "prompt of the cross-encoder, may be given again (default: the task file's, or G)",
  }),
  bm25: field(text.nullable().default(null), {
    ...{ key: 'nothing', job: 'unused', record: 'settings', group: 're-ranking' },
    value: '<settings>',
    help: 'elasticsearch, anserini-flat or anserini-multifield (default: by profile)',
  }),
  firstStage: field(text.default('bm25'), {
    ...{ key: 'nothing', job: 'unused', record: 'firstStage', group: 're-ranking' },
    value: '<name>',
    help: 'search whose top documents are re-ranked: bm25, elasticsearch:URL (or opensearch:URL), or a TREC run file',
  }),
  depth: field(count.default(100), {
    ...{ key: 'nothing', job: 'unused', record: 'firstStage', group: 're-ranking', read: 'count' },
    value: '<n>',
    help: 'documents re-ranked per query',
  }),
  onnxFile: field(text.nullable().default(null), {
    ...{ key: 'model', job: 'sent', record: 'model', omittedValue: null, group: 'bi-encoders', ...ranByServer },
    value: '<file>',
    help: 'run this ONNX export of the model, as onnx/model_fp16.onnx (default: onnx/model.onnx, without usable weights)',
  }),
  dtype: field(z.enum(dtypes).default('fp32'), {
    ...{ key: 'model', job: 'sent', record: 'model', group: 'computing', ...ranByServer },
    value: '<type>',
    help: 'number format that models compute in',
  }),
  storeDtype: field(z.enum(storeDtypes).default('float32'), {
    ...{ key: 'format', job: 'sent', record: 'settings', omittedValue: 'float32', group: 'computing' },
    value: '<type>',
    help: "number format of bi-encoders' stored vectors: float16 takes half the space and rounds",
  }),
  device: field(z.enum(devices).default('cpu'), {
    ...{ key: 'both', job: 'sent', record: 'settings', omittedValue: 'cpu', group: 'computing', ...ranByServer },
    value: '<name>',
    help: 'device that models run on',
  }),
  workers: field(count.nullable().default(null), {
    ...{ key: 'nothing', job: 'own', record: 'command', group: 'computing', read: 'count', ...ranByServer },
    value: '<n>',
    help: 'number of model processes (default: one per thread; fewer for large models)',
  }),
  endpoint: field(text.nullable().default(null), {
    ...{ key: 'both', job: 'unused', record: 'settings', omittedValue: null, ...hosted },
    value: '<url>',
    help: "base of an OpenAI-compatible server's paths (default: https://api.openai.com/v1)",
  }),
  apiKeyEnv: field(text.nullable().default(null), {
    ...{ ...noEffect, ...hosted },
    value: '<name>',
    help: 'environment variable with the key (default: OPENAI_API_KEY)',
  }),
  tokenizer: field(text.nullable().default(null), {
    ...{ key: 'model', job: 'unused', record: 'model', ...hosted },
    value: '<dir>',
    help: "folder with the model's tokenizer.json: send token ids instead of text",
  }),
  batchSize: field(count.nullable().default(null), {
    ...{ ...noEffect, read: 'count', ...hosted },
    value: '<n>',
    help: 'texts or pairs per request (default: 32)',
  }),
  concurrency: field(count.nullable().default(null), {
    ...{ ...noEffect, read: 'count', ...hosted },
    value: '<n>',
    help: 'number of concurrent requests (default: 4)',
  }),
  parameters: field(z.number().positive().nullable().default(null), {
    ...{ key: 'nothing', job: 'unused', record: 'model', read: 'number', ...hosted },
    value: '<n>',
    help: 'size of the model, for the plot by size',
  }),
  pricePerMillion: field(z.number().positive().nullable().default(null), {
    ...{ ...noEffect, read: 'number', ...hosted },
    value: '<x>',
    help: 'price of a million tokens, for the record of costs',
  }),
};

/** Fields of how local models are run. */
export const computeFields = ['maxTokens', 'dtype', 'device', 'workers'] as const;
/** Fields of a local encoder. */
export const encoderFields = [
  ...(['pooling', 'layer', 'brackets', 'embedPrompt', 'queryPrompt', 'documentPrompt', 'instruction'] as const),
  ...(['attention', 'onnxFile', ...computeFields] as const),
] as const;
/** Fields of a local pair scorer. */
export const scorerFields = ['prompt', ...computeFields] as const;
/** Fields of a hosted model. */
export const hostedFields = [
  ...(['endpoint', 'apiKeyEnv', 'tokenizer', 'batchSize', 'concurrency', 'parameters', 'pricePerMillion'] as const),
] as const;
/** Fields of a re-ranker's first stage. */
export const candidateFields = ['firstStage', 'bm25', 'depth'] as const;

export type EncoderField = (typeof encoderFields)[number];
export type ScorerField = (typeof scorerFields)[number];
export type HostedField = (typeof hostedFields)[number];
