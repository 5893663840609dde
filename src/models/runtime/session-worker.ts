/**
 * A worker process: one ONNX Runtime session, one run after another. A process, not a thread: it can be killed, by us or
 * for lack of memory, without harm to the others, while the end of a thread within a run takes the whole process along.
 */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { env, InferenceSession, Tensor } from 'onnxruntime-node';
import { messageOf } from '../../core/errors.js';
import type { Feeds, FromWorker, SessionSpec, ToWorker } from './messages.js';
import { providers } from './providers.js';

// What goes wrong is thrown as well, and told by the parent.
env.logLevel = 'fatal';

let session: InferenceSession | undefined;

process.on('message', (message: ToWorker) => {
  void answer(message).then(send);
});
// The parent is gone, or has no more use for this process.
process.on('disconnect', () => {
  process.exit();
});
// Ctrl-C reaches the whole group of processes; the parent decides what comes of it.
process.on('SIGINT', () => undefined);

function send(message: FromWorker): void {
  // An error means that the parent is gone; 'disconnect' follows.
  process.send?.(message, undefined, undefined, () => undefined);
}

function answer(message: ToWorker): Promise<FromWorker> {
  switch (message.kind) {
    case 'open':
      return open(message.spec);
    case 'keep':
      return keep(message.spec, message.path);
    case 'run':
      return run(message.id, message.feeds);
  }
}

async function open(spec: SessionSpec): Promise<FromWorker> {
  try {
    session = await create(spec, {});
    return { kind: 'ready' };
  } catch (error) {
    return { kind: 'failed', message: messageOf(error) };
  }
}

/** ONNX Runtime writes the optimised model and, beside it, its constants: as they are, and packed for this processor. */
async function keep(spec: SessionSpec, path: string): Promise<FromWorker> {
  try {
    await create(
      spec,
      {
        save_external_prepacked_constant_initializers: '1',
        optimized_model_external_initializers_file_name: `${basename(path)}.data`,
        // Smaller ones are not worth a mapping, and would leave the packed ones behind them unaligned.
        optimized_model_external_initializers_min_size_in_bytes: String(1 << 20),
      },
      path,
    );
    return { kind: 'ready' };
  } catch (error) {
    return { kind: 'failed', message: messageOf(error) };
  }
}

function create(
  spec: SessionSpec,
  settings: Readonly<Record<string, string>>,
  keptPath?: string,
): Promise<InferenceSession> {
  const { model, intraOpThreads, device } = spec;
  const options: InferenceSession.SessionOptions = {
    executionProviders: [providers[device].name],
    intraOpNumThreads: intraOpThreads,
    interOpNumThreads: 1,
    // Every text has another length: a memory plan for each would only pile up.
    enableMemPattern: false,
    logSeverityLevel: 3,
    ...(keptPath === undefined ? {} : { optimizedModelFilePath: keptPath }),
  };
  // It has been optimised before it was written.
  if (model.kind === 'kept')
    return InferenceSession.create(model.path, { ...options, graphOptimizationLevel: 'disabled' });
  const session = {
    ...settings,
    model_external_initializers_file_folder_path: model.weightsFolder,
    disable_prepacking: model.packed ? '0' : '1',
    // Without such instructions, sums of products of signed and unsigned bytes overflow; of unsigned ones they do not.
    x64quantprecision: hasDotProducts() ? '0' : '1',
  };
  return InferenceSession.create(model.graph, { ...options, extra: { session } });
}

async function run(id: number, feeds: Feeds): Promise<FromWorker> {
  try {
    if (session === undefined) throw new Error('the session is not open');
    const tensors = Object.fromEntries(Object.entries(feeds).map(([name, feed]) => [name, tensorOf(feed)]));
    const results = await session.run(tensors);
    const outputs = session.outputNames.map((name) => results[name]?.data);
    if (!outputs.every((output) => output instanceof Float32Array)) throw new Error('an output is not float32');
    return { kind: 'done', id, outputs, peakBytes: process.resourceUsage().maxRSS * 1024 };
  } catch (error) {
    return { kind: 'error', id, message: messageOf(error) };
  }
}

function tensorOf(feed: Feeds[string]): Tensor {
  return feed.type === 'int32' ? new Tensor('int32', feed.data, feed.dims) : new Tensor('int64', feed.data, feed.dims);
}

/** Whether the processor is known to sum products of bytes in 32 bits (VNNI); on other systems than Linux it is not. */
function hasDotProducts(): boolean {
  try {
    return /^flags\s*:.*\bavx(512)?_vnni\b/m.test(readFileSync('/proc/cpuinfo', 'latin1'));
  } catch {
    return false;
  }
}
