import { totalmem } from 'node:os';
import { InputError, messageOf } from '../../core/errors.js';
import type { Device } from '../../core/system-fields.js';
import type { BuiltModel } from '../onnx/built-model.js';
import { crews, type Crew } from './worker-layout.js';
import type { Feeds, ModelSource, SessionSpec } from './messages.js';
import { SessionPool } from './pool.js';
import { providers } from './providers.js';
import { shareWeights } from './shared-weights.js';

export interface PoolOptions {
  /** Processor threads to use in all. */
  readonly threads: number;
  /** Worker processes; by default as many as threads, or fewer (worker-layout.ts). */
  readonly workers?: number | undefined;
  readonly device: Device;
  /** Tokens of several texts that one run takes, for a model that was built so; null, the default, for one text a run. */
  readonly batchTokens?: number | null | undefined;
  /** Bytes that one run needs besides the weights, at most. */
  readonly activationBytes: number;
  /** A small run, for measuring. */
  readonly probe: Feeds;
  /** Called with a message when workers or weights are set up otherwise than by default. */
  readonly note?: ((message: string) => void) | undefined;
}

/** Share of the memory that workers' own copies of the weights may take. */
const comfortable = 0.25;
/** Seconds that a crew is measured for. */
const measuringTime = 0.4;

/**
 * Starts the workers for a model, in the crew that suits it, with the weights in memory once.
 * @throws InputError for options that are not possible, or a device that is not there
 */
export async function openPool(model: BuiltModel, options: PoolOptions): Promise<SessionPool> {
  for (const [name, value] of Object.entries({ threads: options.threads, workers: options.workers ?? 1 }))
    if (!Number.isInteger(value) || value < 1)
      throw new InputError(`${name}: ${value} is not possible; expected a whole number from 1`);
  const { device, threads, workers, batchTokens = null, activationBytes, note } = options;
  if (device !== 'cpu') return openOnDevice(model, device, batchTokens);
  const candidates = crews(threads, workers, { weights: model.weightBytes, activations: activationBytes });
  const most = candidates[0]!.workers;
  if (workers === undefined && most < threads)
    note?.(`${most} of ${threads} workers: the memory would not hold more runs of this model at a time`);
  const built = sourceOf(model, true);
  const shared = await shareWeights(specOf(built, candidates[0]!, device), model.weightBytes, most);
  const source = shared?.source ?? sourceOf(model, fitsPacked(model, most, note));
  const open = (crew: Crew): Promise<SessionPool> =>
    SessionPool.open(specOf(source, crew, device), crew.workers, batchTokens);
  try {
    const pool = candidates.length === 1 ? await open(candidates[0]!) : await fastest(candidates, open, options);
    if (shared !== null) pool.onClose(shared.release);
    return pool;
  } catch (error) {
    await shared?.release();
    throw error;
  }
}

/** Whether the workers may have a packed copy of the weights each. */
function fitsPacked({ weightBytes }: BuiltModel, workers: number, note: PoolOptions['note']): boolean {
  if (workers * weightBytes < comfortable * totalmem()) return true;
  const size = `${(weightBytes / 2 ** 30).toFixed(1)} GiB`;
  note?.(`weights of ${size} are used as they are, some per cent slower: there is no room for packed ones`);
  return false;
}

async function fastest(
  candidates: readonly Crew[],
  open: (crew: Crew) => Promise<SessionPool>,
  { probe, note }: PoolOptions,
): Promise<SessionPool> {
  const rates: number[] = [];
  for (const crew of candidates) {
    const pool = await open(crew);
    rates.push(await rateOf(pool, crew.workers, probe).finally(() => pool.close()));
  }
  const best = candidates[rates.indexOf(Math.max(...rates))]!;
  const seen = candidates.map(
    ({ workers, intraOpThreads }, i) => `${workers} x ${intraOpThreads}: ${rates[i]!.toFixed(2)}/s`,
  );
  const crew = `${plural(best.workers, 'worker')} with ${plural(best.intraOpThreads, 'thread')} each`;
  note?.(`${crew}, the fastest of ${seen.join(', ')}; choose with --workers`);
  return open(best);
}

/** Probes a second with every worker at work, after one each that is not counted. */
async function rateOf(pool: SessionPool, workers: number, probe: Feeds): Promise<number> {
  // Asked for one by one, so that they are not put together in a batch.
  const round = (): Promise<unknown> =>
    Promise.all(Array.from({ length: workers }, () => pool.run([{ feeds: probe, done: () => undefined }])));
  await round();
  const start = performance.now();
  let rounds = 0;
  let seconds = 0;
  for (; seconds < measuringTime; rounds++, seconds = (performance.now() - start) / 1000) await round();
  return (rounds * workers) / seconds;
}

/** One worker: a device is full with one run at a time. */
async function openOnDevice(model: BuiltModel, device: Device, batchTokens: number | null): Promise<SessionPool> {
  const spec = { model: sourceOf(model, true), intraOpThreads: 1, device };
  try {
    return await SessionPool.open(spec, 1, batchTokens);
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

function specOf(model: ModelSource, { intraOpThreads }: Crew, device: Device): SessionSpec {
  return { model, intraOpThreads, device };
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
