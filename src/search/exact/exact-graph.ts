import { encodeOnnxModel, float32Bytes, type OnnxNode } from '../../io/onnx-writer.js';

/** Smallest divisor of PyTorch's `normalize`, which sentence-transformers' cosine uses. */
const minLength = 1e-12;

/**
 * The ONNX graph of exact search: scores of all documents with all queries. Inputs: `documents` [documents, dimensions],
 * `queries` [queries, dimensions], `bounds` [1, queries]. Outputs: `scores` [documents, queries], inner products, divided
 * by the documents' lengths if `byLength`; `misses` [documents, queries], true where a score is below its query's bound;
 * `lengths` [documents, 1].
 *
 * Documents are the left factor because the kernel (MLAS) then reads them in place, and copies only the queries into its
 * layout. Comparing scores with bounds is fastest in the graph; the few that are no misses are left to the caller.
 */
export function searchGraph(byLength: boolean): Uint8Array {
  const product = byLength ? 'products' : 'scores';
  const nodes: OnnxNode[] = [
    { op: 'Gemm', inputs: ['documents', 'queries'], outputs: [product], attributes: { transB: { int: 1 } } },
    { op: 'ReduceL2', inputs: ['documents'], outputs: ['lengths'], attributes: { axes: { ints: [1] } } },
  ];
  if (byLength)
    nodes.push(
      { op: 'Max', inputs: ['lengths', 'leastLength'], outputs: ['divisors'] },
      { op: 'Div', inputs: ['products', 'divisors'], outputs: ['scores'] },
    );
  // Not "greater or equal" with the operands swapped: NaN must not count as a miss.
  nodes.push({ op: 'Less', inputs: ['scores', 'bounds'], outputs: ['misses'] });
  return encodeOnnxModel({
    opset: 17,
    graph: {
      name: 'exact-search',
      inputs: [
        { name: 'documents', dtype: 'float32', shape: ['documents', 'dimensions'] },
        { name: 'queries', dtype: 'float32', shape: ['queries', 'dimensions'] },
        { name: 'bounds', dtype: 'float32', shape: [1, 'queries'] },
      ],
      outputs: [
        { name: 'scores', dtype: 'float32', shape: ['documents', 'queries'] },
        { name: 'misses', dtype: 'bool', shape: ['documents', 'queries'] },
        { name: 'lengths', dtype: 'float32', shape: ['documents', 1] },
      ],
      nodes,
      initializers: byLength
        ? [{ name: 'leastLength', dtype: 'float32', shape: [1], data: float32Bytes([minLength]) }]
        : [],
    },
  });
}
