import { encodeOnnxModel, float32Bytes, type OnnxNode } from '../core/onnx-writer.js';

/**
 * The graph of exact search. Inputs: `queries` [queries, dimensions], `documents` [documents, dimensions], `k` [1].
 * Outputs, best first: `scores` and `rows` (the document's row), both [queries, k]; `lengths` [documents, 1].
 *
 * ONNX's TopK prefers the lower row among equal scores (part of its definition).
 * @param normalise whether documents are scaled to length 1; one of length 0 stays 0
 */
export function searchGraph(normalise: boolean): Uint8Array {
  // 1e-12 is the floor of PyTorch's normalize, which sentence-transformers' cosine uses.
  const scaling: OnnxNode[] = [
    { op: 'Max', inputs: ['lengths', 'floor'], outputs: ['divisors'] },
    { op: 'Div', inputs: ['documents', 'divisors'], outputs: ['unit'] },
  ];
  return encodeOnnxModel({
    opset: 17,
    graph: {
      name: 'exact-search',
      inputs: [
        { name: 'queries', dtype: 'float32', shape: ['queries', 'dimensions'] },
        { name: 'documents', dtype: 'float32', shape: ['documents', 'dimensions'] },
        { name: 'k', dtype: 'int64', shape: [1] },
      ],
      outputs: [
        { name: 'scores', dtype: 'float32', shape: ['queries', 'k'] },
        { name: 'rows', dtype: 'int32', shape: ['queries', 'k'] },
        { name: 'lengths', dtype: 'float32', shape: ['documents', 1] },
      ],
      nodes: [
        { op: 'ReduceL2', inputs: ['documents'], outputs: ['lengths'], attributes: { axes: { ints: [1] } } },
        ...(normalise ? scaling : []),
        {
          op: 'Gemm',
          inputs: ['queries', normalise ? 'unit' : 'documents'],
          outputs: ['products'],
          attributes: { transB: { int: 1 } },
        },
        { op: 'TopK', inputs: ['products', 'k'], outputs: ['scores', 'rows64'] },
        { op: 'Cast', inputs: ['rows64'], outputs: ['rows'], attributes: { to: { int: 6 } } },
      ],
      initializers: normalise ? [{ name: 'floor', dtype: 'float32', shape: [1], data: float32Bytes([1e-12]) }] : [],
    },
  });
}
