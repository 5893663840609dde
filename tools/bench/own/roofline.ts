/** One big matrix product across all cores. */
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { encodeOnnxModel } from '../../../src/io/onnx-writer.js';
import { serve, type Job } from './serve.js';

await serve(async ({ threads, size }: { threads: number; size: number }): Promise<Job> => {
  const matrix = (name: string) => ({ name, dtype: 'float32' as const, shape: [size, size] });
  const graph = encodeOnnxModel({
    opset: 17,
    graph: {
      name: 'roofline',
      inputs: [matrix('a'), matrix('b')],
      outputs: [matrix('product')],
      nodes: [{ op: 'Gemm', inputs: ['a', 'b'], outputs: ['product'] }],
    },
  });
  const session = await InferenceSession.create(graph, { intraOpNumThreads: threads, interOpNumThreads: 1 });
  const tensor = (): Tensor => {
    const data = Float32Array.from({ length: size * size }, (_, i) => ((i * 7919) % 2001) / 1000 - 1);
    return new Tensor('float32', data, [size, size]);
  };
  const [a, b, product] = [tensor(), tensor(), tensor()];
  return {
    about: `ONNX Runtime's Gemm, ${threads} threads, float32`,
    async run() {
      await session.run({ a, b }, { product });
      return {};
    },
  };
});
