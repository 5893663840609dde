import { onnxDataTypes } from '../../io/onnx-writer.js';
import type { Activation } from '../onnx/activations.js';
import { attention, type QueryKeyValue } from '../onnx/attention.js';
import type { Value } from '../onnx/graph.js';
import type { Modules } from '../onnx/modules.js';
import type { Tokens } from '../onnx/tokens.js';
import type { Architecture, LayerStep } from './architecture.js';
import { hasTensor, attentionScale, type ModelFiles } from './config.js';

/** Sizes of a BERT-like encoder. */
export interface EncoderSizes {
  readonly size: number;
  readonly heads: number;
  readonly headSize: number;
  readonly inner: number;
  readonly epsilon: number;
  readonly activation: Activation;
}

/** Names of a layer's parts in the checkpoint. */
export interface EncoderLayerNames {
  readonly query: string;
  readonly key: string;
  readonly value: string;
  readonly attentionOutput: string;
  readonly attentionNorm: string;
  readonly up: string;
  readonly down: string;
  readonly outputNorm: string;
}

export interface EncoderLayer extends EncoderSizes {
  readonly names: EncoderLayerNames;
  /** Factor on the attention scores. Default: 1/√headSize. */
  readonly scale?: number;
  /** Returns terms added to the attention scores, besides the mask. */
  readonly biasesOf?: (inputs: QueryKeyValue) => readonly Value[];
}

/** A layer of BERT (Devlin et al. 2019): every token sees all others, and a layer norm follows each part. */
export function encoderLayer({ modules, tokens, hidden, rows }: LayerStep, layer: EncoderLayer): Value {
  const { names, size, heads, headSize, inner, epsilon, activation, scale = attentionScale(headSize) } = layer;
  const width = heads * headSize;
  const norm = (x: Value, name: string): Value => modules.norm(x, { kind: 'layer', name, size, epsilon });
  const project = (x: Value, name: string): Value => modules.linear(x, { name, inputs: size, outputs: width });
  const selected = modules.rows(hidden, rows);
  const mask = tokens.isCausal(false) ? tokens.causalMask(null, rows) : tokens.fullMask(rows);
  const inputs = {
    query: project(selected, names.query),
    key: project(hidden, names.key),
    value: project(hidden, names.value),
  };
  const biases = [...(layer.biasesOf?.(inputs) ?? []), ...(mask === null ? [] : [mask])];
  const attended = attention(modules.graph, inputs, { heads, headSize, scale, biases });
  const output = modules.linear(attended, { name: names.attentionOutput, inputs: width, outputs: size });
  const middle = norm(modules.add(output, selected), names.attentionNorm);
  const up = modules.linear(middle, { name: names.up, inputs: size, outputs: inner });
  const activated = modules.activate(up, activation);
  const down = modules.linear(activated, { name: names.down, inputs: inner, outputs: size });
  return norm(modules.add(down, middle), names.outputNorm);
}

/** Names in the checkpoints of BERT and RoBERTa. */
export function bertLayerNames(layer: number): EncoderLayerNames {
  const name = `encoder.layer.${layer}`;
  return {
    query: `${name}.attention.self.query`,
    key: `${name}.attention.self.key`,
    value: `${name}.attention.self.value`,
    attentionOutput: `${name}.attention.output.dense`,
    attentionNorm: `${name}.attention.output.LayerNorm`,
    up: `${name}.intermediate.dense`,
    down: `${name}.output.dense`,
    outputNorm: `${name}.output.LayerNorm`,
  };
}

/**
 * The members of an {@link Architecture} that encoders share. A pre-training head in the file is neither run nor
 * counted.
 * @param prefix what a language model's file puts before the names of tensors; several if files differ
 * @param parts matches the names, without prefix, of the tensors that are run
 */
export function encoderParts(
  files: ModelFiles,
  prefix: string | readonly string[],
  size: number,
  parts: RegExp,
): Pick<
  Architecture,
  'prefixes' | 'notes' | 'isParameter' | 'finish' | 'logits' | 'pooler' | 'hiddenSize' | 'outputSize'
> {
  const prefixes = [...new Set([prefix, ''].flat())];
  return {
    hiddenSize: size,
    outputSize: size,
    prefixes,
    notes: [],
    isParameter(tensor) {
      const name = tensor.slice(prefixes.find((start) => tensor.startsWith(start))?.length);
      return parts.test(name) && name !== 'embeddings.position_ids';
    },
    finish: (_, hidden) => hidden,
    logits: null,
    pooler: hasTensor(files, prefixes, 'pooler.dense.weight')
      ? (modules, first) => bertPooler(modules, first, size)
      : null,
  };
}

/** tanh(W h₁ + b), the input of BERT's next-sentence prediction. */
function bertPooler(modules: Modules, first: Value, size: number): Value {
  return modules.activate(modules.linear(first, { name: 'pooler.dense', inputs: size, outputs: size }), 'tanh');
}

/**
 * Positions of RoBERTa and MPNet, which start at `padding` + 1. A padding token within the text is not counted and has
 * the position `padding`.
 */
export function positionsAfterPadding(tokens: Tokens, padding: number): Value {
  const { graph, ids } = tokens;
  const counted = graph.op('Cast', [graph.op('Not', [graph.op('Equal', [ids, graph.integer(padding)])])], {
    to: onnxDataTypes.int32,
  });
  const fromOne = graph.op('Mul', [tokens.runningSum(counted), counted]);
  return graph.op('Add', [fromOne, graph.integer(padding)]);
}
