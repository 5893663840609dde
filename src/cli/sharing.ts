import { Option } from 'commander';
import { fields, flagOf, isDefault, isHosted, ruleOf, type SystemSpec } from '../core/system-spec.js';
import type { Task } from '../core/task.js';
import { InputError } from '../core/errors.js';
import type { Progress } from '../core/progress.js';
import { localWork, shareOf, type Share, type Sharing } from '../core/shards.js';
import type { StoreBackend } from '../stores/index.js';
import { decimalNumber, positive, share } from './options.js';

export interface SharingOptions {
  readonly store?: string;
  readonly queue?: string;
  readonly shard?: Share;
  readonly recheck?: number;
  /** Hidden option, for trials with small data. */
  readonly shardSize?: number;
}

/** Environment variable with the queue's password, used if the address has none. */
const passwordVariable = 'SGPT_BENCH_QUEUE_PASSWORD';

/** Options of `run` for work on several machines. */
export function sharingOptions(): Option[] {
  return [
    new Option(
      '--store <where>',
      'where vectors and scores are kept: a folder, or s3://BUCKET/PREFIX (default: .cache in the output folder)',
    ),
    new Option(
      '--queue <url>',
      `let workers compute them: redis://HOST:PORT/DB, or rediss:// for TLS; password also in ${passwordVariable}`,
    ),
    new Option(
      '--recheck <share>',
      'with --queue: share of the shards that a second worker computes again, to compare (default: 0.02; 0 for none)',
    ).argParser(decimalNumber({ to: 1 })),
    new Option('--shard <i/n>', 'only compute this share of them, and stop').argParser(share),
    new Option('--shard-size <n>', 'texts per shard, or documents per shard of pairs').argParser(positive).hideHelp(),
  ];
}

/** The address in `--queue`, with the password from the environment if it has none. */
export async function queueAddress(url: string): Promise<import('../queue/address.js').QueueAddress> {
  const { parseQueueAddress } = await import('../queue/address.js');
  return parseQueueAddress(url, process.env[passwordVariable]);
}

/** This program's versions and build, which a run and its workers compare. */
export async function ownVersions(): Promise<import('../queue/protocol.js').Versions> {
  const [{ versionsOf }, { describeVersions }, { buildId }] = await Promise.all([
    import('../queue/protocol.js'),
    import('../results/provenance.js'),
    import('../io/build-id.js'),
  ]);
  return versionsOf(await describeVersions(), await buildId());
}

export interface SharingContext {
  readonly output: string;
  readonly specs: readonly SystemSpec[];
  /** The tasks' names as the user gave them. */
  readonly taskNames: ReadonlyMap<Task, string>;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/** The distribution of work over machines; undefined if this machine does it all. */
export interface OpenSharing {
  readonly sharing: Sharing | undefined;
  close(): Promise<void>;
}

/** @throws InputError for options that exclude each other, a queue that cannot be used, a store that cannot be written */
export async function openSharing(options: SharingOptions, context: SharingContext): Promise<OpenSharing> {
  const { store, queue, shard, shardSize: size, recheck } = options;
  if (queue !== undefined && shard !== undefined)
    throw new InputError('--queue and --shard: choose one; a queue gives each worker its share');
  if (queue === undefined && recheck !== undefined)
    throw new InputError('--recheck is for --queue: without workers nothing is computed twice; leave it out');
  const [{ openStoreBackend }, { defaultStore }] = await Promise.all([
    import('../stores/index.js'),
    import('../pipeline/context.js'),
  ]);
  const backend = await openStoreBackend(store ?? defaultStore(context.output), {
    signal: context.signal,
    onNote: (message) => {
      context.progress.note(message);
    },
  });
  if (queue !== undefined) return openQueue(queue, backend, { shardSize: size, recheck }, context);
  if (store !== undefined) await backend.requireUsable();
  const close = (): Promise<void> => Promise.resolve();
  if (shard !== undefined) return { sharing: { fillOnly: true, workOf: () => shareOf(shard, size) }, close };
  if (size === undefined) return { sharing: undefined, close };
  return { sharing: { fillOnly: false, workOf: () => ({ ...localWork, size }) }, close };
}

async function openQueue(
  url: string,
  backend: StoreBackend,
  sizes: { readonly shardSize: number | undefined; readonly recheck: number | undefined },
  { specs, taskNames, progress, signal }: SharingContext,
): Promise<OpenSharing> {
  const address = await queueAddress(url);
  requireQueueable(specs);
  const [{ Coordinator }, versions] = await Promise.all([import('../queue/coordinator.js'), ownVersions()]);
  const coordinator = await Coordinator.open({
    ...{ address, backend, versions, progress, signal },
    ...sizes,
  });
  const workOf: Sharing['workOf'] = (system, task, profile) =>
    coordinator.workOf({ system, taskName: taskNames.get(task) ?? task.name, task, profile });
  return { sharing: { fillOnly: false, workOf }, close: () => coordinator.close() };
}

/** @throws InputError for a system or an option that workers of a queue do not support */
function requireQueueable(specs: readonly SystemSpec[]): void {
  for (const spec of specs) {
    if (isHosted(spec.model))
      throw new InputError(`${spec.model ?? ''}: leave --queue out: a hosted model runs on its own server`);
    const own = fields.find((field) => ruleOf(field).job === 'own' && !isDefault(field, spec[field]));
    if (own !== undefined)
      throw new InputError(
        `${flagOf(own)} is an option of each worker; leave it out with --queue, or give it to "sgpt-bench worker"`,
      );
  }
}
