import { hiddenStates, type Architecture } from '../architectures/architecture.js';
import type { Checkpoint } from '../checkpoint/checkpoint.js';
import type { PooledView } from '../pooling/poolings.js';
import type { ModuleView } from '../pooling/sentence-transformers.js';
import type { Int8Weights } from '../quantization/int8-weights.js';
import type { BuiltModel } from '../onnx/built-model.js';
import { GraphBuilder } from '../onnx/graph.js';
import { ModuleNodes } from '../pooling/module-nodes.js';
import { Modules } from '../onnx/modules.js';
import { PoolingNodes } from '../pooling/pooling-nodes.js';
import { countUp, Tokens } from '../onnx/tokens.js';
import { Weights } from '../onnx/weights.js';

/**
 * One text in, all its vectors out: input `ids` int32 [tokens], at least one; one output [1, size] a view, named and
 * ordered as the views are. Or several texts, one after another, and one output [texts, size] a view; then there are more
 * inputs, all int32:
 * - `positions` [tokens]: place of each token in its text, from 0
 * - `texts` [tokens]: number of the text that each token is of, from 0
 * - `lasts` [texts]: the last token of each text
 * @param batched whether it takes several texts
 * @throws InputError for a tensor that is missing or has another shape than config.json asks for
 */
export function encoderGraph(
  architecture: Architecture,
  checkpoint: Checkpoint,
  views: readonly (PooledView | ModuleView)[],
  int8: Int8Weights | null = null,
  batched = false,
): BuiltModel {
  const graph = new GraphBuilder();
  const weights = new Weights(graph, checkpoint.tensors, checkpoint.folder, architecture.prefixes, int8);
  const modules = new Modules(graph, weights);
  const ids = graph.input('ids', 'int32', ['tokens']);
  const positions = batched ? graph.input('positions', 'int32', ['tokens']) : countUp(graph, ids);
  const texts = batched ? graph.input('texts', 'int32', ['tokens']) : null;
  const lasts = batched ? graph.input('lasts', 'int32', ['texts']) : null;
  const tokens = new Tokens(graph, ids, positions, null, texts);
  const states = hiddenStates(architecture, modules, tokens);
  const pooling = new PoolingNodes(architecture, modules, states, tokens, lasts);
  const ownWeights = new Weights(graph, checkpoint.tensors, checkpoint.folder, [''], int8);
  const own = new ModuleNodes(graph, ownWeights, pooling, architecture.layers, states.at(-1)!);
  for (const view of views) {
    const vector = 'modules' in view ? own.vector(view.modules) : pooling.view(view);
    graph.output(view.name, vector, [batched ? 'texts' : 1, view.dimensions]);
  }
  return { graph: graph.serialize(), weightsFolder: weights.folder, weightBytes: graph.weightBytes };
}
