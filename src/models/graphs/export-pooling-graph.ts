import type { Checkpoint } from '../checkpoint/checkpoint.js';
import type { BuiltModel } from '../onnx/built-model.js';
import { GraphBuilder } from '../onnx/graph.js';
import { countUp } from '../onnx/tokens.js';
import { Weights } from '../onnx/weights.js';
import { ModuleNodes } from '../pooling/module-nodes.js';
import { PoolingNodes } from '../pooling/pooling-nodes.js';
import { TextRows } from '../pooling/text-rows.js';
import { outputViews, type EncoderView } from './view-outputs.js';

/**
 * What follows the last hidden state of a model exported for transformers.js: one text's state in, all its vectors out.
 * Input `hidden` float32 [tokens, size]; one output [1, dimensions] per view, named and ordered as the views are.
 * @param checkpoint with the weights of the model's own modules
 * @throws InputError for a module's tensor that has another shape than its configuration says
 */
export function exportPoolingGraph(checkpoint: Checkpoint, views: readonly EncoderView[], size: number): BuiltModel {
  const graph = new GraphBuilder();
  const weights = new Weights(graph, checkpoint, ['']);
  const hidden = graph.input('hidden', 'float32', ['tokens', size]);
  const firstColumn = graph.op('Gather', [hidden, graph.integer(0)], { axis: 1 });
  const texts = new TextRows(graph, { positions: countUp(graph, firstColumn), several: null });
  const pooling = new PoolingNodes(texts, { states: [hidden], pooler: null });
  outputViews(views, { pooling, modules: new ModuleNodes(pooling, weights) });
  return { graph: graph.serialize(), weightsFolder: weights.folder, weightBytes: graph.weightBytes };
}
