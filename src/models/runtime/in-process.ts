import type { Matrix } from '../../core/model.js';
import type { BuiltModel } from '../onnx/built-model.js';

/** A graph that runs in this process. */
export interface InProcessSession {
  /** @param inputs float32 matrices @returns the outputs in the order the model declares them */
  run(inputs: Readonly<Record<string, Matrix>>): Promise<Float32Array[]>;
  close(): Promise<void>;
}

/** Opens a graph whose runs are so short that sending its inputs to a worker process would take longer. */
export async function openInProcess({ graph, weightsFolder }: BuiltModel): Promise<InProcessSession> {
  const { InferenceSession, Tensor } = await import('onnxruntime-node');
  const session = await InferenceSession.create(graph, {
    executionProviders: ['cpu'],
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    // Every text has another length: a memory plan for each would only pile up.
    enableMemPattern: false,
    logSeverityLevel: 3,
    extra: { session: { model_external_initializers_file_folder_path: weightsFolder } },
  });
  return {
    async run(inputs) {
      const feeds = Object.entries(inputs).map(
        ([name, { rows, columns, data }]) => [name, new Tensor('float32', data, [rows, columns])] as const,
      );
      const results = await session.run(Object.fromEntries(feeds));
      return session.outputNames.map((name) => results[name]!.data as Float32Array);
    },
    close: () => session.release(),
  };
}
