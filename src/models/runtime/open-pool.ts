import { totalmem } from 'node:os';
import { InputError, messageOf } from '../../core/errors.js';
import type { Device } from '../../core/system-fields.js';
import type { BuiltModel } from '../onnx/built-model.js';
import { workerLayouts, type WorkerLayout } from './worker-layout.js';
import type { Feeds, ModelSource, SessionSpec } from './messages.js';
import { SessionPool } from './pool.js';
import { providers } from './providers.js';
import { shareWeights } from './shared-weights.js';

export interface PoolOptions {
  /** Total number of processor threads. */
  readonly threads: number;
  /** Number of worker processes. Default: as many as threads, or fewer (worker-layout.ts). */
  readonly workers?: number | null | undefined;
  readonly device: Device;
  /** Tokens of several texts per run, for a batched graph; null, the default, for one text per run. */
  readonly batchTokens?: number | null | undefined;
  /** Upper limit of the memory that one run needs besides the weights, in bytes. */
  readonly activationBytes: number;
  /** Inputs of a short run, to measure worker layouts with. */
  readonly probe: Feeds;
  /** Called with a message when workers or weights are set up otherwise than by default. */
  readonly note?: ((message: string) => void) | undefined;
}

/** Fraction of the memory that may be used for one packed copy of the weights per worker. */
const maxCopiesFraction = 0.25;
/** Duration of the measurement of a worker layout. */
const measuringSeconds = 0.4;

/**
 * Starts the workers for a model in the fastest worker layout. Workers share one copy of the weights if possible.
 * @throws InputError for invalid options, or a device that is not available
 */
export async function openPool(model: BuiltModel, options: PoolOptions): Promise<SessionPool> {
  for (const [name, value] of Object.entries({ threads: options.threads, workers: options.workers ?? 1 }))
    if (!Number.isInteger(value) || value < 1)
      throw new InputError(`${name}: ${value} is not possible; expected a whole number from 1`);
  const { device, threads, workers = null, batchTokens = null, activationBytes, note } = options;
  if (device !== 'cpu') return openOnDevice(model, options);
  const layouts = workerLayouts(threads, workers, { weights: model.weightBytes, activations: activationBytes });
  const maxWorkers = layouts[0]!.workers;
  if (workers === null && maxWorkers < threads)
    note?.(`${maxWorkers} of ${threads} workers: more concurrent runs of this model would not fit into the memory`);
  const built = sourceOf(model, true);
  const shared = await shareWeights(specOf(built, layouts[0]!, device), model.weightBytes, maxWorkers);
  const source = shared?.source ?? sourceOf(model, fitsPacked(model, maxWorkers, note));
  const open = (layout: WorkerLayout): Promise<SessionPool> =>
    SessionPool.open(specOf(source, layout, device), { workers: layout.workers, batchTokens, note });
  try {
    const pool = layouts.length === 1 ? await open(layouts[0]!) : await openFastest(layouts, open, options);
    if (shared !== null) pool.onClose(shared.release);
    return pool;
  } catch (error) {
    await shared?.release();
    throw error;
  }
}

/** True if there is enough memory for one packed copy of the weights per worker. */
function fitsPacked({ weightBytes }: BuiltModel, workers: number, note: PoolOptions['note']): boolean {
  if (workers * weightBytes < maxCopiesFraction * totalmem()) return true;
  const size = `${(weightBytes / 2 ** 30).toFixed(1)} GiB`;
  note?.(`weights of ${size} are not packed, which is a few per cent slower: packed copies would not fit`);
  return false;
}

/** Measures each layout and opens a pool with the fastest. */
async function openFastest(
  layouts: readonly WorkerLayout[],
  open: (layout: WorkerLayout) => Promise<SessionPool>,
  { probe, note }: PoolOptions,
): Promise<SessionPool> {
  const rates: number[] = [];
  for (const layout of layouts) {
    const pool = await open(layout);
    rates.push(await rateOf(pool, layout.workers, probe).finally(() => pool.close()));
  }
  const best = layouts[rates.indexOf(Math.max(...rates))]!;
  const measured = layouts.map(
    ({ workers, intraOpThreads }, i) => `${workers} x ${intraOpThreads}: ${rates[i]!.toFixed(2)}/s`,
  );
  const chosen = `${plural(best.workers, 'worker')} with ${plural(best.intraOpThreads, 'thread')} each`;
  note?.(`${chosen}, the fastest of ${measured.join(', ')}; choose with --workers`);
  return open(best);
}

/** Probe runs per second with all workers busy, after one uncounted run per worker. */
async function rateOf(pool: SessionPool, workers: number, probe: Feeds): Promise<number> {
  // Separate calls, so that the probes are not combined into a batch.
  const round = (): Promise<unknown> =>
    Promise.all(Array.from({ length: workers }, () => pool.run([{ feeds: probe, done: () => undefined }])));
  await round();
  const start = performance.now();
  let rounds = 0;
  let seconds = 0;
  for (; seconds < measuringSeconds; rounds++, seconds = (performance.now() - start) / 1000) await round();
  return (rounds * workers) / seconds;
}

/** Opens a pool with one worker: one run keeps a device busy. */
async function openOnDevice(model: BuiltModel, { device, batchTokens, note }: PoolOptions): Promise<SessionPool> {
  const spec = { model: sourceOf(model, true), intraOpThreads: 1, device };
  try {
    return await SessionPool.open(spec, { workers: 1, batchTokens, note });
  } catch (error) {
    throw new InputError(
      `--device ${device}: onnxruntime-node cannot use it on this machine (${messageOf(error).replace(/\s+/g, ' ')}); ` +
        `${providers[device].needs()}; or use --device cpu`,
    );
  }
}

function sourceOf({ graph, weightsFolder }: BuiltModel, packed: boolean): ModelSource {
  return { kind: 'built', graph, weightsFolder, packed };
}

function specOf(model: ModelSource, { intraOpThreads }: WorkerLayout, device: Device): SessionSpec {
  return { model, intraOpThreads, device };
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
