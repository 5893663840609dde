import { hiddenStates, type Architecture } from '../architectures/architecture.js';
import type { Checkpoint } from '../checkpoint/checkpoint.js';
import type { BuiltModel } from '../onnx/built-model.js';
import { GraphBuilder } from '../onnx/graph.js';
import { Modules } from '../onnx/modules.js';
import { countUp, Tokens } from '../onnx/tokens.js';
import { Weights } from '../onnx/weights.js';
import { ModuleNodes } from '../pooling/module-nodes.js';
import { PoolingNodes } from '../pooling/pooling-nodes.js';
import { TextRows } from '../pooling/text-rows.js';
import type { Int8Weights } from '../quantization/int8-weights.js';
import { outputViews, type EncoderView } from './view-outputs.js';

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
  views: readonly EncoderView[],
  int8: Int8Weights | null = null,
  batched = false,
): BuiltModel {
  const graph = new GraphBuilder();
  const weights = new Weights(graph, checkpoint, architecture.prefixes, int8);
  const modules = new Modules(graph, weights);
  const ids = graph.input('ids', 'int32', ['tokens']);
  const positions = batched ? graph.input('positions', 'int32', ['tokens']) : countUp(graph, ids);
  const several = batched
    ? { texts: graph.input('texts', 'int32', ['tokens']), lasts: graph.input('lasts', 'int32', ['texts']) }
    : null;
  const tokens = new Tokens(graph, { ids, positions, texts: several?.texts ?? null });
  const states = hiddenStates(architecture, modules, tokens);
  const { pooler } = architecture;
  const pooling = new PoolingNodes(new TextRows(graph, { positions, several }), {
    states,
    pooler: pooler && ((pooled) => pooler(modules, pooled)),
  });
  const ownWeights = new Weights(graph, checkpoint, [''], int8);
  outputViews(views, { pooling, modules: new ModuleNodes(pooling, ownWeights) });
  return { graph: graph.serialize(), weightsFolder: weights.folder, weightBytes: graph.weightBytes };
}
