/** A worker thread: one ONNX Runtime session, one run after another. */
import { parentPort, workerData } from 'node:worker_threads';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { Feeds, FromWorker, SessionSpec, ToWorker } from './messages.js';

const port = parentPort;
if (port === null) throw new Error('worker.ts runs in a worker thread only');

const send = (message: FromWorker, transfer: ArrayBuffer[] = []): void => {
  port.postMessage(message, transfer);
};

function openSession({ graph, weightsFolder, intraOpThreads }: SessionSpec): Promise<InferenceSession> {
  return InferenceSession.create(graph, {
    executionProviders: ['cpu'],
    intraOpNumThreads: intraOpThreads,
    interOpNumThreads: 1,
    // Every text has another length: a memory plan for each would only pile up.
    enableMemPattern: false,
    logSeverityLevel: 3,
    extra: { session: { model_external_initializers_file_folder_path: weightsFolder } },
  });
}

async function run(session: InferenceSession, feeds: Feeds): Promise<Float32Array<ArrayBuffer>[]> {
  const tensors = Object.entries(feeds).map(([name, feed]) => [
    name,
    feed.type === 'int32' ? new Tensor('int32', feed.data, feed.dims) : new Tensor('int64', feed.data, feed.dims),
  ]);
  const results = await session.run(Object.fromEntries(tensors) as Record<string, Tensor>);
  return session.outputNames.map((name) => {
    const output = results[name];
    if (output?.type !== 'float32') throw new Error(`output ${name} is not float32`);
    // A copy: the runtime keeps the memory behind a result, which must not be handed to another thread.
    return new Float32Array(output.data as Float32Array);
  });
}

try {
  const session = await openSession(workerData as SessionSpec);
  port.on('message', (message: ToWorker) => {
    if (message.kind === 'close') {
      void session.release().finally(() => {
        port.close();
      });
      return;
    }
    run(session, message.feeds).then(
      (outputs) => {
        send({ kind: 'done', id: message.id, outputs }, outputs.map((output) => output.buffer));
      },
      (error: unknown) => {
        send({ kind: 'error', id: message.id, message: error instanceof Error ? error.message : String(error) });
      },
    );
  });
  send({ kind: 'ready' });
} catch (error) {
  send({ kind: 'failed', message: error instanceof Error ? error.message : String(error) });
}
