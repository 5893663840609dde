import type { Matrix } from '../../core/model.js';
import type { BuiltModel } from '../onnx/built-model.js';

/** A session in this process. */
export interface InProcessSession {
  /** @param inputs float32 matrices, int32 vectors @returns the outputs in the order in which the model declares them */
  run(inputs: Readonly<Record<string, Matrix | Int32Array>>): Promise<Float32Array[]>;
  close(): Promise<void>;
}

/** Opens a graph in this process: for runs so short that sending the inputs to a worker process would take longer. */
export async function openInProcess({ graph, weightsFolder }: BuiltModel): Promise<InProcessSession> {
  const { InferenceSession, Tensor } = await import('onnxruntime-node');
  const session = await InferenceSession.create(graph, {
    executionProviders: ['cpu'],
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    // Memory plans are kept per input length, and texts have many lengths.
    enableMemPattern: false,
    logSeverityLevel: 3,
    extra: { session: { model_external_initializers_file_folder_path: weightsFolder } },
  });
  return {
    async run(inputs) {
      const feeds = Object.entries(inputs).map(([name, input]): [string, InstanceType<typeof Tensor>] => {
        if (input instanceof Int32Array) return [name, new Tensor('int32', input, [input.length])];
        return [name, new Tensor('float32', input.data, [input.rows, input.columns])];
      });
      const results = await session.run(Object.fromEntries(feeds));
      return session.outputNames.map((name) => results[name]!.data as Float32Array);
    },
    close: () => session.release(),
  };
}
