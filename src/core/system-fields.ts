import { z } from 'zod';
import type { Setting } from './setting.js';
import { usebNormalizations } from './useb.js';

/** Types that a model computes in; see models/loading/open-model.ts. */
export const dtypes = ['fp32', 'int8'] as const;
export type Dtype = (typeof dtypes)[number];

/** Where a model runs; see models/runtime/providers.ts. */
export const devices = ['cpu', 'cuda'] as const;
export type Device = (typeof devices)[number];

/** How stored vectors are kept. */
export const storeDtypes = ['float32', 'float16'] as const;
export type StoreDtype = (typeof storeDtypes)[number];

/** Where a field's value goes, and how a user gives it. */
export interface FieldRule {
  /**
   * What of stored vectors and scores depends on the field:
   * - `vectors`, `scores`, `both`: their key hashes it as a setting, in the form that it has once the model is open
   * - `model`: their key hashes what it names (the model's files, its dtype)
   * - `view`: each value is a view of its own, with a key of its own
   * - `format`: the same key, another file format
   * - `nothing`: it is used after them (search, re-ranking), or changes no number
   */
  readonly key: 'vectors' | 'scores' | 'both' | 'model' | 'view' | 'format' | 'nothing';
  /** Whether a queue's worker is told (`sent`), decides it by its own options (`own`), or has no use for it (`unused`). */
  readonly job: 'sent' | 'own' | 'unused';
  /** Which part of a record has it; `command` is the command line alone, for what changes no number. */
  readonly record: 'system' | 'settings' | 'model' | 'firstStage' | 'command';
  /** A setting of this value is left out of keys and records: they stay those from before the field existed. */
  readonly unsaid?: Setting;
  /** For fields that only models run here, or only models run by a server, can use. Default: any model. */
  readonly models?: 'local' | 'hosted';
  /** Why other models cannot use it. */
  readonly why?: string;
  /** The option's value in the help; none for a flag that needs none. */
  readonly value: string;
  /** One line for the help. */
  readonly help: string;
  /** Where the help lists it. */
  readonly group: 'bi-encoders' | 're-ranking' | 'computing' | 'hosted' | 'general';
  /** How the command line reads it; enumerations are read by their schema. */
  readonly read?: 'list' | 'layers' | 'count' | 'number' | 'repeated' | 'optional';
}

/** A field: what values it may have (with its default), and its rule. */
export function field<Schema extends z.ZodType, const Rule extends FieldRule>(
  schema: Schema,
  rule: Rule,
): { readonly schema: Schema; readonly rule: Rule } {
  return { schema, rule };
}

const text = z.string().min(1);
const count = z.int().positive();
const pooledByServer = { models: 'local', why: 'a hosted model is pooled by its server' } as const;
const ranByServer = { models: 'local', why: 'how a hosted model is run is for its server to say' } as const;
const hosted = {
  models: 'hosted',
  group: 'hosted',
  why: 'it is for hosted models (--model openai:NAME)',
} as const;
/** Changes no number, and no queue knows hosted models. */
const about = { key: 'nothing', job: 'unused', record: 'command' } as const;

/**
 * Everything that can be said about a system, in one place. To add an option: an entry here, its name among `uses` of the
 * runners that read it (runners/index.ts), and the code that does what it says.
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
  pooling: field(z.array(text).default([]), {
    ...{ key: 'view', job: 'sent', record: 'settings', group: 'bi-encoders', read: 'list', ...pooledByServer },
    value: '<names>',
    help: "poolings, all from one pass: names, all, or own (default: the model's own, else weightedmean)",
  }),
  layer: field(z.array(z.union([z.int(), z.literal('all')])).default([]), {
    ...{ key: 'view', job: 'sent', record: 'settings', group: 'bi-encoders', read: 'layers', ...pooledByServer },
    value: '<numbers>',
    help: 'hidden states to pool: numbers, or all (default: the last)',
  }),
  brackets: field(text.default('auto'), {
    ...{ key: 'vectors', job: 'sent', record: 'settings', group: 'bi-encoders' },
    value: '<kind>',
    help: 'marks around texts: auto (by the model\'s name), specb, speca, none, or four tokens like "[,],{,}"',
  }),
  embedPrompt: field(text.nullable().default(null), {
    ...{ key: 'vectors', job: 'sent', record: 'settings', unsaid: null, models: 'local', group: 'bi-encoders' },
    why: 'an embedding prompt needs hidden states, which a hosted model does not give',
    value: '<eol|text>',
    help: 'embed texts within a prompt: eol (PromptEOL), eol:SENTENCE=WORD with a demonstration, or a text with {}',
  }),
  maxTokens: field(count.nullable().default(null), {
    ...{ key: 'both', job: 'sent', record: 'settings', group: 'bi-encoders', read: 'count' },
    value: '<n>',
    help: "longest input in tokens (default: the profile's, else the model's); of a hosted model, with --tokenizer",
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
    help: 'what is re-ranked: bm25, elasticsearch:URL (a server, OpenSearch too), or a TREC run file',
  }),
  depth: field(count.default(100), {
    ...{ key: 'nothing', job: 'unused', record: 'firstStage', group: 're-ranking', read: 'count' },
    value: '<n>',
    help: 'documents re-ranked per query',
  }),
  dtype: field(z.enum(dtypes).default('fp32'), {
    ...{ key: 'model', job: 'sent', record: 'model', group: 'computing', ...ranByServer },
    value: '<type>',
    help: 'what models compute in',
  }),
  storeDtype: field(z.enum(storeDtypes).default('float32'), {
    ...{ key: 'format', job: 'sent', record: 'settings', unsaid: 'float32', group: 'computing' },
    value: '<type>',
    help: "what bi-encoders' vectors are stored as: float16 takes half the room and rounds",
  }),
  device: field(z.enum(devices).default('cpu'), {
    ...{ key: 'both', job: 'sent', record: 'settings', unsaid: 'cpu', group: 'computing', ...ranByServer },
    value: '<name>',
    help: 'what models run on',
  }),
  workers: field(count.nullable().default(null), {
    ...{ key: 'nothing', job: 'own', record: 'command', group: 'computing', read: 'count', ...ranByServer },
    value: '<n>',
    help: 'processes that run a model (default: as many as threads, or as suits a large one)',
  }),
  endpoint: field(text.nullable().default(null), {
    ...{ key: 'both', job: 'unused', record: 'settings', unsaid: null, ...hosted },
    value: '<url>',
    help: "base of an OpenAI-compatible server's paths (default: https://api.openai.com/v1)",
  }),
  apiKeyEnv: field(text.nullable().default(null), {
    ...{ ...about, ...hosted },
    value: '<name>',
    help: 'environment variable with the key (default: OPENAI_API_KEY)',
  }),
  tokenizer: field(text.nullable().default(null), {
    ...{ key: 'model', job: 'unused', record: 'model', ...hosted },
    value: '<dir>',
    help: "folder with the model's tokenizer.json: send token ids instead of text",
  }),
  batchSize: field(count.nullable().default(null), {
    ...{ ...about, read: 'count', ...hosted },
    value: '<n>',
    help: 'texts or pairs per request (default: 32)',
  }),
  concurrency: field(count.nullable().default(null), {
    ...{ ...about, read: 'count', ...hosted },
    value: '<n>',
    help: 'requests at a time (default: 4)',
  }),
  parameters: field(z.number().positive().nullable().default(null), {
    ...{ key: 'nothing', job: 'unused', record: 'model', read: 'number', ...hosted },
    value: '<n>',
    help: 'size of the model, for the plot by size',
  }),
  pricePerMillion: field(z.number().positive().nullable().default(null), {
    ...{ ...about, read: 'number', ...hosted },
    value: '<x>',
    help: 'price of a million tokens, for the record of costs',
  }),
};
