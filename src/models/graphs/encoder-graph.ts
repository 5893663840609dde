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
import type { GraphOptions } from './graph-options.js';
import { outputViews, type EncoderView } from './view-outputs.js';

/**
 * The graph of an encoder. Input `ids` int32 [tokens], at least one token; one output [1, size] per view, named and
 * ordered like the views.
 *
 * A batched graph takes several texts, one after another, and its outputs are [texts, size]. It has more inputs, all
 * int32:
 * - `positions` [tokens]: position of each token in its text, from 0
 * - `texts` [tokens]: index of the text that each token belongs to, from 0
 * - `lasts` [texts]: index of each text's last token
 *
 * With `skipsPrompt` it also takes `starts` int32 [texts]: position of each text's first token that is pooled.
 * @throws InputError for a tensor that is missing or whose shape differs from config.json
 */
export function encoderGraph(
  architecture: Architecture,
  checkpoint: Checkpoint,
  views: readonly EncoderView[],
  { int8 = null, batched = false, skipsPrompt = false, attention = null }: GraphOptions = {},
): BuiltModel {
  const graph = new GraphBuilder();
  const weights = new Weights(graph, checkpoint, architecture.prefixes, int8);
  const modules = new Modules(graph, weights);
  const ids = graph.input('ids', 'int32', ['tokens']);
  const positions = batched ? graph.input('positions', 'int32', ['tokens']) : countUp(graph, ids);
  const several = batched
    ? { texts: graph.input('texts', 'int32', ['tokens']), lasts: graph.input('lasts', 'int32', ['texts']) }
    : null;
  const tokens = new Tokens(graph, { ids, positions, texts: several?.texts ?? null, attention });
  const starts = skipsPrompt ? graph.input('starts', 'int32', ['texts']) : null;
  const states = hiddenStates(architecture, modules, tokens);
  const { pooler } = architecture;
  const pooling = new PoolingNodes(new TextRows(graph, { positions, several, starts }), {
    states,
    pooler: pooler && ((pooled) => pooler(modules, pooled)),
  });
  const ownWeights = new Weights(graph, checkpoint, [''], int8);
  outputViews(views, { pooling, modules: new ModuleNodes(pooling, ownWeights) });
  return { graph: graph.serialize(), weightsFolder: weights.folder, weightBytes: graph.weightBytes };
}
