import { encodeOnnxModel } from '../core/onnx-writer.js';

/**
 * The graph of exact search: inner products of all documents with all queries, and the documents' lengths. Inputs:
 * `documents` [documents, dimensions], `queries` [queries, dimensions]. Outputs: `products` [documents, queries] and
 * `lengths` [documents, 1].
 *
 * The documents come first in the product because the kernel (MLAS) then reads them where they are, and copies only the
 * queries into the layout it works on.
 */
export function searchGraph(): Uint8Array {
  return encodeOnnxModel({
    opset: 17,
    graph: {
      name: 'exact-search',
      inputs: [
        { name: 'documents', dtype: 'float32', shape: ['documents', 'dimensions'] },
        { name: 'queries', dtype: 'float32', shape: ['queries', 'dimensions'] },
      ],
      outputs: [
        { name: 'products', dtype: 'float32', shape: ['documents', 'queries'] },
        { name: 'lengths', dtype: 'float32', shape: ['documents', 1] },
      ],
      nodes: [
        { op: 'Gemm', inputs: ['documents', 'queries'], outputs: ['products'], attributes: { transB: { int: 1 } } },
        { op: 'ReduceL2', inputs: ['documents'], outputs: ['lengths'], attributes: { axes: { ints: [1] } } },
      ],
    },
  });
}
