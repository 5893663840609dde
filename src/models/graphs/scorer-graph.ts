import { InputError } from '../../core/errors.js';
import { lastHiddenState, type Architecture } from '../architectures/architecture.js';
import type { Checkpoint } from '../checkpoint/checkpoint.js';
import type { BuiltModel } from '../onnx/built-model.js';
import type { Int8Weights } from '../quantization/int8-weights.js';
import { GraphBuilder } from '../onnx/graph.js';
import { Modules } from '../onnx/modules.js';
import { Tokens } from '../onnx/tokens.js';
import { Weights } from '../onnx/weights.js';

/**
 * A packed sequence (packing.ts) in, log-probabilities out. Inputs, int32 unless said otherwise:
 * - `ids`, `positions`, `parts` [tokens]: part 0 is seen by all, part n by itself alone
 * - `rows` [rows]: the tokens whose successors are predicted; only these go through the last layer and the LM head
 * - `targets` int64 [targets, 2]: which of `rows` predicts, and the token it is to predict
 * - `texts` [tokens], only where several packs lie one after another: number of the pack that each token is of, from 0
 *
 * Output `logProbabilities` [targets]: log P(token | what the row sees), over the whole vocabulary.
 * @param batched whether it takes several packs
 * @throws InputError for an encoder, which has no language model head, and as {@link encoderGraph}
 */
export function scorerGraph(
  architecture: Architecture,
  checkpoint: Checkpoint,
  int8: Int8Weights | null = null,
  batched = false,
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
