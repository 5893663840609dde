import { createHash } from 'node:crypto';
import { z } from 'zod';
import { profileNames } from '../core/profile.js';
import { InputError } from '../core/errors.js';
import { shardPartSchema } from '../core/shards.js';
import { sentSpecSchema } from '../core/system-spec.js';

/** Names in Redis: BullMQ's queue, the coordinator's announcement, the workers' messages. */
export const queueName = 'shards';
export const queuePrefix = 'sgpt-bench';
export const announcementKey = 'sgpt-bench:run';
export const workerMessagesKey = 'sgpt-bench:notices';

/** To be raised when jobs or announcements change, so that workers of another version are refused. */
const protocol = 4;

/** What must be equal for two processes to compute the same numbers. */
export interface Versions {
  readonly protocol: number;
  /** Versions of this program and of the libraries that compute, as in a record, without Node's. */
  readonly programs: Readonly<Record<string, string>>;
  /** Hash of the program's own modules and its dependencies' versions (io/build-id.ts). */
  readonly build: string;
}

/**
 * @param versions of this program and its dependencies, as in a record
 * @param build this program's build id
 */
export function versionsOf(versions: Readonly<Record<string, string>>, build: string): Versions {
  return {
    protocol,
    programs: Object.fromEntries(Object.entries(versions).filter(([name]) => name !== 'node')),
    build,
  };
}

const versionsSchema = z.strictObject({
  protocol: z.int(),
  programs: z.record(z.string(), z.string()),
  build: z.string(),
});
const setting = z.union([z.string(), z.number(), z.boolean(), z.null()]);
const count = z.int().nonnegative();
const hash = z.string().regex(/^[0-9a-f]{64}$/);

/** The coordinator. The announcement expires after some seconds and is renewed while the run goes on. */
export const announcementSchema = z.strictObject({
  versions: versionsSchema,
  /** The id in the store's folder. */
  store: z.string(),
  host: z.string(),
  pid: count,
});
export type Announcement = z.infer<typeof announcementSchema>;

/** A shard to compute, described by reference: it holds no texts and no weights. */
export const jobSchema = z.strictObject({
  versions: versionsSchema,
  store: z.string(),
  task: z.strictObject({
    /** The name or path as the user gave it. */
    name: z.string(),
    split: z.string(),
    checksum: hash,
    queryLimit: count.nullable(),
  }),
  profile: z.enum(profileNames),
  /** The system to open: every field that is sent to workers. */
  system: sentSpecSchema,
  /** The model that the coordinator opened; the worker's must be equal. */
  model: z.strictObject({ architecture: z.string(), dtype: z.string(), files: z.record(z.string(), hash) }),
  settings: z.record(z.string(), setting),
  part: shardPartSchema,
  keys: z.array(hash).nonempty(),
  /**
   * Name of the worker that has computed the shard: another one computes it again and compares. Null for a shard that is to
   * be computed and stored.
   */
  compareWith: z.string().nullable(),
  /** Workers that cannot compute this shard, in the order in which they said so. */
  refusals: z.array(z.strictObject({ worker: z.string(), reason: z.string(), since: z.number(), at: z.number() })),
});
export type ShardJob = z.infer<typeof jobSchema>;

/** Why a worker cannot compute a job; since when, and when it last looked, in milliseconds of its own clock. */
export type Refusal = ShardJob['refusals'][number];

/** What a worker says of a finished job. */
export const shardResultSchema = z.strictObject({
  worker: z.string(),
  processor: z.string(),
  /** False if the shard was stored already. */
  computed: z.boolean(),
  /** For a comparison: the largest difference (compare-shards.ts), 0 for equal bits. Null for other jobs. */
  difference: z.number().nonnegative().nullable(),
});
export type ShardResult = z.infer<typeof shardResultSchema>;

/** A worker's message to the coordinator. */
export const workerMessageSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('joined'), worker: z.string(), processor: z.string(), threads: z.int() }),
  z.strictObject({ kind: z.literal('refused'), worker: z.string(), reason: z.string() }),
]);
export type WorkerMessage = z.infer<typeof workerMessageSchema>;

/** A job's id: a hash of the shard's keys and dtype, so that no shard is queued twice. A comparison has an id of its own. */
export function jobId({ keys, system, compareWith }: Pick<ShardJob, 'keys' | 'system' | 'compareWith'>): string {
  const id = createHash('sha256')
    .update([...keys, system.storeDtype].join('\n'))
    .digest('hex');
  return compareWith === null ? id : `${id}-compare`;
}

/** The id of a second job for the same shard, for another worker at the end of a run. */
export function spareId(id: string): string {
  return `${id}-spare`;
}

/** Hexadecimal digits of a build that are shown. */
const shownDigits = 8;

/**
 * A sentence about the first difference between a worker's versions and the run's, and its remedy; undefined if there is
 * none.
 * @param own the worker's versions
 */
export function versionDifference(own: Versions, run: Versions): string | undefined {
  const remedy = 'install the same version on all machines';
  if (own.protocol !== run.protocol)
    return `this worker speaks version ${own.protocol} of the queue's protocol, the run version ${run.protocol}; ${remedy}`;
  const names = [...new Set([...Object.keys(own.programs), ...Object.keys(run.programs)])];
  const other = names.find((name) => own.programs[name] !== run.programs[name]);
  if (other !== undefined)
    return `this worker has ${other} ${own.programs[other] ?? '(none)'}, the run ${run.programs[other] ?? '(none)'}; ${remedy}`;
  if (own.build === run.build) return undefined;
  return (
    `this worker is build ${own.build.slice(0, shownDigits)}, the run build ${run.build.slice(0, shownDigits)} of the same ` +
    'version; install the same package with the same package-lock.json on all machines'
  );
}

/** As {@link parseQueued}, from JSON. */
export function parseQueuedText<T>(schema: z.ZodType<T>, text: string, what: string): T {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  return parseQueued(schema, value, what);
}

/** Validates data from Redis. @throws InputError for data that this version would not write */
export function parseQueued<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw new InputError(
    `the queue holds ${what} that this version does not know (field "${issue?.path.join('.') ?? ''}": ` +
      `${issue?.message ?? 'does not fit'}); is another program, or another version, using this database?`,
  );
}
