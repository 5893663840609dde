import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import type { AllowedFolders } from '../queue/allowed-folders.js';
import { interruptible } from './interrupt.js';
import { defaultThreads, list, positive } from './options.js';
import { stderrProgress } from './progress.js';
import { ownVersions, queueAddress } from './sharing.js';

interface WorkerCommandOptions {
  readonly queue: string;
  readonly store: string;
  readonly datasetsDir: string;
  readonly allow?: readonly string[];
  readonly threads: number;
  readonly lock: number;
  readonly exitWhenIdle?: number;
  readonly quiet?: boolean;
}

const help = `
A worker needs the same data sets and models as the run, under the same names, and the same store. The server, region and
credentials of a bucket come from AWS_ENDPOINT_URL, AWS_REGION, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY ….
A job names its data set and its model. A worker opens data sets in --datasets-dir, models in ./models, models of the hub
through its cache (HF_HUB_OFFLINE=1: only what is there), and what lies in the folders of --allow; nothing else, and no hosted
model. A job that it cannot do goes back to the queue for other workers.
SGPT_BENCH_MODEL_TIMEOUT=SECONDS: a model process that is silent for longer, plus a second per token, is replaced (default: 300).
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
    .option('--allow <folders>', 'other folders whose data sets and models jobs may name', list)
    .option('--threads <n>', 'threads for models', positive, defaultThreads)
    .option(
      '--lock <seconds>',
      'heartbeat timeout: after this silence a worker counts as dead, and another gets its shard',
      positive,
      30,
    )
    .option(
      '--exit-when-idle <seconds>',
      'exit after this long without work while no run is there (default: never)',
      positive,
    )
    .option('--quiet', 'show no progress')
    .addHelpText('after', help)
    .action(work);
}

/** Time for the process to end on its own after its work. */
const exitDelayMs = 1000;

async function work(options: WorkerCommandOptions): Promise<void> {
  const address = await queueAddress(options.queue);
  const [{ runWorker }, { openStoreBackend }, versions] = await Promise.all([
    import('../queue/queue-worker.js'),
    import('../stores/index.js'),
    ownVersions(),
  ]);
  const progress = stderrProgress(options.quiet === true);
  const onNote = (message: string): void => {
    progress.note(message);
  };
  const allow = await allowedFolders(options);
  try {
    const computed = await interruptible(async (signal) =>
      runWorker({
        address,
        backend: await openStoreBackend(options.store, { signal, onNote }),
        datasetsDir: options.datasetsDir,
        allow,
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

/** The folders whose data sets and models a job may name; the bundled ones are among them. */
async function allowedFolders({ datasetsDir, allow = [] }: WorkerCommandOptions): Promise<AllowedFolders> {
  const { hubSettings } = await import('../models/hub/settings.js');
  const bundled = fileURLToPath(new URL('../../models/demo', import.meta.url));
  return { tasks: [datasetsDir, ...allow], models: ['models', bundled, hubSettings().cache, ...allow] };
}
