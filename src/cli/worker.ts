import { Command } from 'commander';
import { interruptible } from './interrupt.js';
import { defaultThreads, positive } from './options.js';
import { stderrProgress } from './progress.js';
import { queueAddress } from './sharing.js';

interface WorkerCommandOptions {
  readonly queue: string;
  readonly store: string;
  readonly datasetsDir: string;
  readonly threads: number;
  readonly lock: number;
  readonly exitWhenIdle?: number;
  readonly quiet?: boolean;
}

const help = `
A worker needs the same data sets and models as the run, under the same names, and the same store. The server, region and
credentials of a bucket come from AWS_ENDPOINT_URL, AWS_REGION, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY ….
Ctrl-C or SIGTERM stops it; another worker then gets the shard that it was computing.

Examples:
  sgpt-bench worker --queue redis://queue.example:6379/0 --store /shared/store
  sgpt-bench worker --queue redis://queue.example:6379/0 --store /shared/store --threads 8 --exit-when-idle 300`;

/** `sgpt-bench worker`: computes the shards of `run --queue`. */
export function workerCommand(): Command {
  return new Command()
    .requiredOption('--queue <url>', 'the queue: redis://HOST:PORT/DB, or rediss:// for TLS')
    .requiredOption('--store <where>', "the run's store: a folder that all machines share, or s3://BUCKET/PREFIX")
    .option('--datasets-dir <dir>', 'folder of the data sets', 'datasets')
    .option('--threads <n>', 'threads for models', positive, defaultThreads)
    .option(
      '--lock <seconds>',
      'heartbeat timeout: after this silence a worker counts as dead, and another gets its shard',
      positive,
      30,
    )
    .option('--exit-when-idle <seconds>', 'exit after this long without work (default: never)', positive)
    .option('--quiet', 'show no progress')
    .addHelpText('after', help)
    .action(work);
}

/** Time for the process to end on its own after its work. */
const exitDelayMs = 1000;

async function work(options: WorkerCommandOptions): Promise<void> {
  const address = await queueAddress(options.queue);
  const [{ runWorker }, { versionsOf }, { describeVersions }, { openStoreBackend }] = await Promise.all([
    import('../queue/queue-worker.js'),
    import('../queue/protocol.js'),
    import('../results/provenance.js'),
    import('../stores/index.js'),
  ]);
  const progress = stderrProgress(options.quiet === true);
  const onNote = (message: string): void => {
    progress.note(message);
  };
  const versions = versionsOf(await describeVersions());
  try {
    const computed = await interruptible(async (signal) =>
      runWorker({
        address,
        backend: await openStoreBackend(options.store, { signal, onNote }),
        datasetsDir: options.datasetsDir,
        threads: options.threads,
        versions,
        lockSeconds: options.lock,
        idleSeconds: options.exitWhenIdle,
        progress,
        signal,
      }),
    );
    process.stderr.write(`${computed} shards computed\n`);
  } finally {
    // Needed because BullMQ keeps trying to reach a Redis that is down. The exit status is set by then.
    setTimeout(() => process.exit(), exitDelayMs).unref();
  }
}
