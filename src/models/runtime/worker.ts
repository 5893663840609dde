/**
 * A worker process: one ONNX Runtime session, one run after another. A process, not a thread: it can be killed, by us or
 * for lack of memory, without harm to the others, while the end of a thread within a run takes the whole process along.
 */
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { messageOf } from '../../core/errors.js';
import type { Feeds, FromWorker, SessionSpec, ToWorker } from './messages.js';

let session: InferenceSession | undefined;

process.on('message', (message: ToWorker) => {
  void (message.kind === 'open' ? open(message.spec) : run(message.id, message.feeds)).then(send);
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

async function open({ graph, weightsFolder, intraOpThreads }: SessionSpec): Promise<FromWorker> {
  try {
    session = await InferenceSession.create(graph, {
      executionProviders: ['cpu'],
      intraOpNumThreads: intraOpThreads,
      interOpNumThreads: 1,
      // Every text has another length: a memory plan for each would only pile up.
      enableMemPattern: false,
      logSeverityLevel: 3,
      extra: { session: { model_external_initializers_file_folder_path: weightsFolder } },
    });
    return { kind: 'ready' };
  } catch (error) {
    return { kind: 'failed', message: messageOf(error) };
  }
}

async function run(id: number, feeds: Feeds): Promise<FromWorker> {
  try {
    if (session === undefined) throw new Error('the session is not open');
    const tensors = Object.fromEntries(Object.entries(feeds).map(([name, feed]) => [name, tensorOf(feed)]));
    const results = await session.run(tensors);
    const outputs = session.outputNames.map((name) => results[name]?.data);
    if (!outputs.every((output) => output instanceof Float32Array)) throw new Error('an output is not float32');
    return { kind: 'done', id, outputs };
  } catch (error) {
    return { kind: 'error', id, message: messageOf(error) };
  }
}

function tensorOf(feed: Feeds[string]): Tensor {
  return feed.type === 'int32'
    ? new Tensor('int32', feed.data, feed.dims)
    : new Tensor('int64', feed.data, feed.dims);
}
