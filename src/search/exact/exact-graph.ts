import { encodeOnnxModel, float32Bytes, type OnnxNode } from '../../io/onnx-writer.js';

/** PyTorch's floor of a length in `normalize`, which sentence-transformers' cosine uses. */
const leastLength = 1e-12;

/**
 * The graph of exact search: scores of all documents with all queries. Inputs: `documents` [documents, dimensions], `queries`
 * [queries, dimensions], `bounds` [1, queries]. Outputs: `scores` [documents, queries], inner products, divided by
 * the documents' lengths if asked for; `misses` [documents, queries], whether a score is below its query's bound;
 * `lengths` [documents, 1].
 *
 * The documents come first in the product because the kernel (MLAS) then reads them where they are, and copies only the
 * queries into the layout it works on. Few scores are no misses: looking at them is left to those who know what to do with
 * them, and finding them among all is faster here.
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
  // Not "greater or equal" the other way round: what is not a number must be seen.
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
        ? [{ name: 'leastLength', dtype: 'float32', shape: [1], data: float32Bytes([leastLength]) }]
        : [],
    },
  });
}
