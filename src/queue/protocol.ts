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
const protocol = 3;

/** The versions that must be equal for two processes to compute the same numbers: a record's, without Node's. */
export interface Versions {
  readonly protocol: number;
  readonly programs: Readonly<Record<string, string>>;
}

/** @param versions of this program and its dependencies, as in a record */
export function versionsOf(versions: Readonly<Record<string, string>>): Versions {
  return { protocol, programs: Object.fromEntries(Object.entries(versions).filter(([name]) => name !== 'node')) };
}

const versionsSchema = z.strictObject({ protocol: z.int(), programs: z.record(z.string(), z.string()) });
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
});
export type ShardJob = z.infer<typeof jobSchema>;

/** A worker's message to the coordinator. */
export const workerMessageSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('joined'), worker: z.string(), processor: z.string(), threads: z.int() }),
  z.strictObject({ kind: z.literal('refused'), worker: z.string(), reason: z.string() }),
]);
export type WorkerMessage = z.infer<typeof workerMessageSchema>;

/** A job's id: a hash of the shard's keys and dtype, so that no shard is queued twice. */
export function jobId({ keys, system }: Pick<ShardJob, 'keys' | 'system'>): string {
  return createHash('sha256')
    .update([...keys, system.storeDtype].join('\n'))
    .digest('hex');
}

/**
 * A sentence about the first difference between a worker's versions and the run's; undefined if there is none.
 * @param own the worker's versions
 */
export function versionDifference(own: Versions, run: Versions): string | undefined {
  if (own.protocol !== run.protocol)
    return `this worker speaks version ${own.protocol} of the queue's protocol, the run version ${run.protocol}`;
  const names = [...new Set([...Object.keys(own.programs), ...Object.keys(run.programs)])];
  const other = names.find((name) => own.programs[name] !== run.programs[name]);
  if (other === undefined) return undefined;
  return `this worker has ${other} ${own.programs[other] ?? '(none)'}, the run ${run.programs[other] ?? '(none)'}`;
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
