import { onnxDataTypes } from '../../core/onnx-writer.js';
import { hiddenStates, type Architecture } from '../architectures/architecture.js';
import type { Checkpoint } from '../checkpoint/checkpoint.js';
import type { PooledView } from '../pooling.js';
import type { ModuleView } from '../sentence-transformers.js';
import type { Int8Weights } from '../quantization/int8-weights.js';
import { GraphBuilder, type Value } from './graph.js';
import { ModuleNodes } from './module-nodes.js';
import { Modules } from './modules.js';
import { PoolingNodes } from './pooling-nodes.js';
import { Tokens } from './tokens.js';
import { Weights } from './weights.js';

/** A graph and where its weights lie. */
export interface Model {
  /** Serialised ONNX model. */
  readonly graph: Uint8Array;
  /** The folder that the model's external data is relative to. */
  readonly weightsFolder: string;
  /** What the weights take in memory as the graph uses them, half precision widened. */
  readonly weightBytes: number;
}

/**
 * One text in, all its vectors out: input `ids` int32 [tokens], at least one; one output [1, size] a view, named and
 * ordered as the views are.
 * @throws InputError for a tensor that is missing or has another shape than config.json asks for
 */
export function encoderGraph(
  architecture: Architecture,
  checkpoint: Checkpoint,
  views: readonly (PooledView | ModuleView)[],
  int8: Int8Weights | null = null,
): Model {
  const graph = new GraphBuilder();
  const weights = new Weights(graph, checkpoint.tensors, checkpoint.folder, architecture.prefixes, int8);
  const modules = new Modules(graph, weights);
  const ids = graph.input('ids', 'int32', ['tokens']);
  const positions = countUp(graph, ids);
  const states = hiddenStates(architecture, modules, new Tokens(graph, ids, positions, null));
  const pooling = new PoolingNodes(architecture, modules, states, positions);
  const ownWeights = new Weights(graph, checkpoint.tensors, checkpoint.folder, [''], int8);
  const own = new ModuleNodes(graph, ownWeights, pooling, architecture.layers, states.at(-1)!);
  for (const view of views) {
    const vector = 'modules' in view ? own.vector(view.modules) : pooling.view(view);
    graph.output(view.name, vector, [1, view.dimensions]);
  }
  return { graph: graph.serialize(), weightsFolder: weights.folder, weightBytes: graph.weightBytes };
}

/** 0, 1, 2 … one number an element of `like`, int32. */
function countUp(graph: GraphBuilder, like: Value): Value {
  const length = graph.op('Squeeze', [graph.op('Shape', [like])]);
  const end = graph.op('Cast', [length], { to: onnxDataTypes.int32 });
  return graph.op('Range', [graph.integer(0), end, graph.integer(1)]);
}
