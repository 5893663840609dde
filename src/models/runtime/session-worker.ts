/**
 * A worker process: one ONNX Runtime session that does one run after another. It is a process, not a thread, because a
 * process can be killed (by us, or for lack of memory) without harm to others; ending a thread during a run crashes the
 * whole process.
 */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { env, InferenceSession, Tensor } from 'onnxruntime-node';
import { messageOf } from '../../core/errors.js';
import type { Feeds, FromWorker, SessionSpec, ToWorker } from './messages.js';
import { providers } from './providers.js';

// Errors are also thrown, and the parent reports them.
env.logLevel = 'fatal';

let session: InferenceSession | undefined;

process.on('message', (message: ToWorker) => {
  void answer(message).then(send);
});
// The parent has ended, or does not need this process any more.
process.on('disconnect', () => {
  process.exit();
});
// Ctrl-C is sent to the whole process group; the parent decides what to do.
process.on('SIGINT', () => undefined);

function send(message: FromWorker): void {
  // An error means that the parent has ended; 'disconnect' follows.
  process.send?.(message, undefined, undefined, () => undefined);
}

function answer(message: ToWorker): Promise<FromWorker> {
  switch (message.kind) {
    case 'open':
      return open(message.spec);
    case 'save':
      return save(message.spec, message.path);
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

/**
 * Lets ONNX Runtime write the optimised model and a file of its constants, both unpacked and packed for this processor.
 */
async function save(spec: SessionSpec, path: string): Promise<FromWorker> {
  try {
    await create(
      spec,
      {
        save_external_prepacked_constant_initializers: '1',
        optimized_model_external_initializers_file_name: `${basename(path)}.data`,
        // Smaller constants are not worth a memory mapping, and would misalign the packed constants that follow.
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
  savePath?: string,
): Promise<InferenceSession> {
  const { model, intraOpThreads, device } = spec;
  const options: InferenceSession.SessionOptions = {
    executionProviders: [providers[device].name],
    intraOpNumThreads: intraOpThreads,
    interOpNumThreads: 1,
    // Memory plans are kept per input length, and texts have many lengths.
    enableMemPattern: false,
    logSeverityLevel: 3,
    ...(savePath === undefined ? {} : { optimizedModelFilePath: savePath }),
  };
  // A saved model is optimised already.
  if (model.kind === 'saved')
    return InferenceSession.create(model.path, { ...options, graphOptimizationLevel: 'disabled' });
  const session = {
    ...settings,
    model_external_initializers_file_folder_path: model.weightsFolder,
    disable_prepacking: model.packed ? '0' : '1',
    // Without VNNI, sums of products of signed and unsigned bytes can overflow; sums of unsigned products cannot.
    x64quantprecision: hasVnni() ? '0' : '1',
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

/** True if the processor is known to have VNNI, which sums products of bytes in 32 bits. Known on Linux only. */
function hasVnni(): boolean {
  try {
    return /^flags\s*:.*\bavx(512)?_vnni\b/m.test(readFileSync('/proc/cpuinfo', 'latin1'));
  } catch {
    return false;
  }
}
