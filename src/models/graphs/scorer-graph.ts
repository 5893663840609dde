import { InputError } from '../../core/errors.js';
import { lastHiddenState, type Architecture } from '../architectures/architecture.js';
import type { Checkpoint } from '../checkpoint/checkpoint.js';
import type { BuiltModel } from '../onnx/built-model.js';
import { GraphBuilder } from '../onnx/graph.js';
import { Modules } from '../onnx/modules.js';
import { Tokens } from '../onnx/tokens.js';
import { Weights } from '../onnx/weights.js';
import type { GraphOptions } from './graph-options.js';

/**
 * The graph of a pair scorer, which takes a packed sequence (packing.ts). Inputs, int32 unless noted:
 * - `ids`, `positions`, `parts` [tokens]: part 0 is visible to all tokens, any other part only to itself
 * - `rows` [rows]: indices of the tokens whose successors are predicted; the last layer and the LM head compute these
 *   only
 * - `targets` int64 [targets, 2]: index in `rows`, and the token to predict there
 * - `texts` [tokens], in a batched graph, where packs follow one another: index of each token's pack, from 0
 *
 * Output `logProbabilities` [targets]: log P(token | tokens that the row sees), over the whole vocabulary.
 * @throws InputError for an encoder, which has no language model head, and as {@link encoderGraph}
 */
export function scorerGraph(
  architecture: Architecture,
  checkpoint: Checkpoint,
  { int8 = null, batched = false }: GraphOptions = {},
): BuiltModel {
  if (architecture.logits === null)
    throw new InputError(
      `${checkpoint.folder}: ${checkpoint.modelType} is an encoder; it has no language model head to score pairs with, ` +
        'use a causal language model (GPT-Neo, GPT-J …)',
    );
  const graph = new GraphBuilder();
  const weights = new Weights(graph, checkpoint, architecture.prefixes, int8);
  const modules = new Modules(graph, weights);
  const ids = graph.input('ids', 'int32', ['tokens']);
  const positions = graph.input('positions', 'int32', ['tokens']);
  const parts = graph.input('parts', 'int32', ['tokens']);
  const rows = graph.input('rows', 'int32', ['rows']);
  const targets = graph.input('targets', 'int64', ['targets', 2]);
  const texts = batched ? graph.input('texts', 'int32', ['tokens']) : null;
  const hidden = lastHiddenState(architecture, modules, new Tokens(graph, { ids, positions, parts, texts }), rows);
  const logits = architecture.logits(modules, hidden);
  const logProbabilities = graph.op('GatherND', [graph.op('LogSoftmax', [logits], { axis: -1 }), targets]);
  graph.output('logProbabilities', logProbabilities, ['targets']);
  return { graph: graph.serialize(), weightsFolder: weights.folder, weightBytes: graph.weightBytes };
}
