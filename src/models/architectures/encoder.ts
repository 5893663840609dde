import { onnxDataTypes } from '../../io/onnx-writer.js';
import type { Activation } from '../onnx/activations.js';
import { attention } from '../onnx/attention.js';
import type { Value } from '../onnx/graph.js';
import type { Modules } from '../onnx/modules.js';
import type { Tokens } from '../onnx/tokens.js';
import type { Architecture, LayerStep } from './architecture.js';
import { hasTensor, usualScale, type ModelFiles } from './config.js';

/** The sizes of BERT and its kin. */
export interface EncoderSizes {
  readonly size: number;
  readonly heads: number;
  readonly headSize: number;
  readonly inner: number;
  readonly epsilon: number;
  readonly activation: Activation;
}

/** What the parts of a layer are called in the checkpoint. */
export interface EncoderLayerNames {
  readonly query: string;
  readonly key: string;
  readonly value: string;
  readonly attentionOutput: string;
  readonly attentionNorm: string;
  readonly raise: string;
  readonly lower: string;
  readonly outputNorm: string;
}

export interface EncoderLayer extends EncoderSizes {
  readonly names: EncoderLayerNames;
  /** Added to the attention scores, besides what hides tokens. */
  readonly biases?: readonly Value[];
}

/** A layer of BERT (Devlin et al. 2019): every token sees every other, and a layer norm follows each part. */
export function encoderLayer({ modules, tokens, hidden, rows }: LayerStep, layer: EncoderLayer): Value {
  const { names, size, heads, headSize, inner, epsilon, activation, biases = [] } = layer;
  const norm = (x: Value, name: string): Value => modules.norm(x, { kind: 'layer', name, size, epsilon });
  const project = (x: Value, name: string): Value => modules.linear(x, { name, inputs: size, outputs: size });
  const wanted = modules.rows(hidden, rows);
  const mask = tokens.fullMask(rows);
  const attended = attention(
    modules.graph,
    { query: project(wanted, names.query), key: project(hidden, names.key), value: project(hidden, names.value) },
    { heads, headSize, scale: usualScale(headSize), biases: mask === null ? biases : [...biases, mask] },
  );
  const middle = norm(modules.add(project(attended, names.attentionOutput), wanted), names.attentionNorm);
  const raised = modules.linear(middle, { name: names.raise, inputs: size, outputs: inner });
  const activated = modules.activate(raised, activation);
  const lowered = modules.linear(activated, { name: names.lower, inputs: inner, outputs: size });
  return norm(modules.add(lowered, middle), names.outputNorm);
}

/** The names that BERT and RoBERTa use. */
export function bertLayerNames(layer: number): EncoderLayerNames {
  const name = `encoder.layer.${layer}`;
  return {
    query: `${name}.attention.self.query`,
    key: `${name}.attention.self.key`,
    value: `${name}.attention.self.value`,
    attentionOutput: `${name}.attention.output.dense`,
    attentionNorm: `${name}.attention.output.LayerNorm`,
    raise: `${name}.intermediate.dense`,
    lower: `${name}.output.dense`,
    outputNorm: `${name}.output.LayerNorm`,
  };
}

/** What all encoders have in common. A head for its pre-training that the file may hold is not run, and not counted. */
export function encoderParts(
  files: ModelFiles,
  prefix: string,
  size: number,
  parts: RegExp,
): Pick<
  Architecture,
  'prefixes' | 'notes' | 'isNoParameter' | 'finish' | 'logits' | 'pooler' | 'hiddenSize' | 'outputSize'
> {
  const prefixes = [prefix, ''];
  return {
    hiddenSize: size,
    outputSize: size,
    prefixes,
    notes: [],
    isNoParameter(tensor) {
      const name = tensor.startsWith(prefix) ? tensor.slice(prefix.length) : tensor;
      return !parts.test(name) || name === 'embeddings.position_ids';
    },
    finish: (_, hidden) => hidden,
    logits: null,
    pooler: hasTensor(files, prefixes, 'pooler.dense.weight')
      ? (modules, first) => bertPooler(modules, first, size)
      : null,
  };
}

/** tanh(W h₁ + b): what BERT's next-sentence prediction was trained on. */
function bertPooler(modules: Modules, first: Value, size: number): Value {
  return modules.activate(modules.linear(first, { name: 'pooler.dense', inputs: size, outputs: size }), 'tanh');
}

/**
 * Positions as RoBERTa and MPNet count them: from `padding` + 1, and where the text itself names the padding token, that
 * one is not counted and stands at `padding`.
 */
export function positionsFrom(tokens: Tokens, padding: number): Value {
  const { graph, ids } = tokens;
  const counted = graph.op('Cast', [graph.op('Not', [graph.op('Equal', [ids, graph.integer(padding)])])], {
    to: onnxDataTypes.int32,
  });
  const place = graph.op('Mul', [tokens.runningSum(counted), counted]);
  return graph.op('Add', [place, graph.integer(padding)]);
}
