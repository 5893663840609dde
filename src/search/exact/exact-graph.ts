import type { Similarity } from '../../core/system-fields.js';
import { encodeOnnxModel, float32Bytes, type OnnxGraph, type OnnxNode } from '../../io/onnx-writer.js';

/** Smallest divisor of PyTorch's `normalize`, which sentence-transformers' cosine uses. */
const minLength = 1e-12;
/** Distance from 1 to the next float32. */
const float32Epsilon = 2 ** -23;

/**
 * The ONNX graph of exact search. Inputs: `documents` [documents, dimensions], `queries` [queries, dimensions], `bounds`
 * [1, queries]. Outputs: `scores` [documents, queries]; `misses` [documents, queries], true where a score is below its
 * query's bound; `lengths` [documents, 1]. Scores are by similarity:
 * - `dot`: inner products; `cosine`: inner products divided by the documents' lengths
 * - `euclidean`: an upper limit of each negative distance, -√(|q|² + |d|² - 2qd - e), where e is more than all rounding
 *   errors together; distance-rows.ts computes the scores of those that are no misses
 * - `manhattan` has no product: the graph has only the outputs `lengths`
 *
 * Documents are the left factor because the kernel (MLAS) then reads them in place, and copies only the queries into its
 * layout. Comparing scores with bounds is fastest in the graph; the few that are no misses are left to the caller.
 * @param dimensions on which the rounding errors of `euclidean` depend
 */
export function searchGraph(similarity: Similarity, dimensions: number): Uint8Array {
  const nodes: OnnxNode[] = [
    { op: 'ReduceL2', inputs: ['documents'], outputs: ['lengths'], attributes: { axes: { ints: [1] } } },
  ];
  const constants: { name: string; value: number }[] = [];
  const product = (output: string): OnnxNode => {
    return { op: 'Gemm', inputs: ['documents', 'queries'], outputs: [output], attributes: { transB: { int: 1 } } };
  };
  if (similarity === 'dot') nodes.push(product('scores'));
  if (similarity === 'cosine') {
    constants.push({ name: 'leastLength', value: minLength });
    nodes.push(
      product('products'),
      { op: 'Max', inputs: ['lengths', 'leastLength'], outputs: ['divisors'] },
      { op: 'Div', inputs: ['products', 'divisors'], outputs: ['scores'] },
    );
  }
  if (similarity === 'euclidean') {
    constants.push({ name: 'kept', value: 1 - (dimensions + 16) * float32Epsilon }, { name: 'zero', value: 0 });
    constants.push({ name: 'two', value: 2 });
    nodes.push(product('products'), ...upperLimits);
  }
  // Not "greater or equal" with the operands swapped: NaN must not count as a miss.
  if (similarity !== 'manhattan') nodes.push({ op: 'Less', inputs: ['scores', 'bounds'], outputs: ['misses'] });
  return encodeOnnxModel({ opset: 17, graph: graphOf(similarity, nodes, constants) });
}

/** -√max(0, kept · (|q|² + |d|²) - 2qd) */
const upperLimits: readonly OnnxNode[] = [
  { op: 'ReduceSumSquare', inputs: ['documents'], outputs: ['squares'], attributes: { axes: { ints: [1] } } },
  { op: 'ReduceSumSquare', inputs: ['queries'], outputs: ['querySquares'], attributes: { axes: { ints: [1] } } },
  { op: 'Transpose', inputs: ['querySquares'], outputs: ['squareRow'], attributes: { perm: { ints: [1, 0] } } },
  { op: 'Add', inputs: ['squares', 'squareRow'], outputs: ['sums'] },
  { op: 'Mul', inputs: ['sums', 'kept'], outputs: ['keptSums'] },
  { op: 'Mul', inputs: ['products', 'two'], outputs: ['doubled'] },
  { op: 'Sub', inputs: ['keptSums', 'doubled'], outputs: ['differences'] },
  { op: 'Max', inputs: ['differences', 'zero'], outputs: ['positives'] },
  { op: 'Sqrt', inputs: ['positives'], outputs: ['distances'] },
  { op: 'Neg', inputs: ['distances'], outputs: ['scores'] },
];

function graphOf(
  similarity: Similarity,
  nodes: readonly OnnxNode[],
  constants: readonly { readonly name: string; readonly value: number }[],
): OnnxGraph {
  const float = (name: string, shape: readonly (string | number)[]) => ({ name, dtype: 'float32', shape }) as const;
  const documents = float('documents', ['documents', 'dimensions']);
  const lengths = float('lengths', ['documents', 1]);
  const compared = similarity !== 'manhattan';
  return {
    name: 'exact-search',
    inputs: compared
      ? [documents, float('queries', ['queries', 'dimensions']), float('bounds', [1, 'queries'])]
      : [documents],
    outputs: compared
      ? [
          float('scores', ['documents', 'queries']),
          { name: 'misses', dtype: 'bool', shape: ['documents', 'queries'] },
          lengths,
        ]
      : [lengths],
    nodes,
    initializers: constants.map(({ name, value }) => ({
      ...{ name, dtype: 'float32', shape: [1], data: float32Bytes([value]) },
    })),
  };
}
