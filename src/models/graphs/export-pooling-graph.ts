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
 * The graph that computes the views of a model exported for transformers.js from one text's last hidden state. Input
 * `hidden` float32 [tokens, size], and with `skipsPrompt` also `starts`, as {@link encoderGraph} has it; one output [1, dimensions] per view, named and ordered like the views.
 * @param checkpoint contains the weights of the model's own modules
 * @throws InputError for a module's tensor whose shape differs from the module's configuration
 */
export function exportPoolingGraph(
  checkpoint: Checkpoint,
  views: readonly EncoderView[],
  { size, skipsPrompt }: { readonly size: number; readonly skipsPrompt: boolean },
): BuiltModel {
  const graph = new GraphBuilder();
  const weights = new Weights(graph, checkpoint, ['']);
  const hidden = graph.input('hidden', 'float32', ['tokens', size]);
  const firstColumn = graph.op('Gather', [hidden, graph.integer(0)], { axis: 1 });
  const starts = skipsPrompt ? graph.input('starts', 'int32', [1]) : null;
  const texts = new TextRows(graph, { positions: countUp(graph, firstColumn), several: null, starts });
  const pooling = new PoolingNodes(texts, { states: [hidden], pooler: null });
  outputViews(views, { pooling, modules: new ModuleNodes(pooling, weights) });
  return { graph: graph.serialize(), weightsFolder: weights.folder, weightBytes: graph.weightBytes };
}
