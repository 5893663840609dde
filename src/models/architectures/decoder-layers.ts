import type { Activation } from '../onnx/activations.js';
import type { Value } from '../onnx/graph.js';
import type { Modules, Norm } from '../onnx/modules.js';
import type { LayerStep } from './architecture.js';
import { selfAttention, type DecoderAttention, type Projection } from './decoder-attention.js';

/** Description of a feed-forward part: W₂ act(W₁ x), or with a gate W₂ (act(W_g x) · W₁ x) (SwiGLU and similar). */
export interface FeedForward {
  /** The hidden size. */
  readonly size: number;
  /** The size between the two products. */
  readonly inner: number;
  readonly activation: Activation;
  /** W₁. */
  readonly up: Projection;
  /** W_g. */
  readonly gate?: Projection;
  /** W₂. */
  readonly down: Projection;
}

/** Description of a decoder layer: attention A and feed-forward part F with their norms N₁ and N₂. */
export interface DecoderLayer {
  readonly attentionNorm: Norm;
  readonly attention: DecoderAttention;
  readonly feedForwardNorm: Norm;
  readonly feedForward: FeedForward;
}

/** A layer with norms before the parts (GPT-2 and most others): y = x + A(N₁ x), then y + F(N₂ y). */
export function preNormLayer(step: LayerStep, layer: DecoderLayer): Value {
  const { modules, hidden, rows } = step;
  const attended = selfAttention(step, modules.norm(hidden, layer.attentionNorm), layer.attention);
  const middle = modules.add(modules.rows(hidden, rows), attended);
  return modules.add(middle, feedForward(modules, modules.norm(middle, layer.feedForwardNorm), layer.feedForward));
}

/** A layer whose residual connections start after the norms: n = N₁ x, y = n + A n, m = N₂ y, then m + F m. */
export function normedResidualLayer(step: LayerStep, layer: DecoderLayer): Value {
  const { modules, hidden, rows } = step;
  const input = modules.norm(hidden, layer.attentionNorm);
  const attended = selfAttention(step, input, layer.attention);
  const middle = modules.norm(modules.add(modules.rows(input, rows), attended), layer.feedForwardNorm);
  return modules.add(middle, feedForward(modules, middle, layer.feedForward));
}

/** A layer with norms after the sums: y = N₁(x + A x), then N₂(y + F y). */
export function postNormLayer(step: LayerStep, layer: DecoderLayer): Value {
  const { modules, hidden, rows } = step;
  const attended = selfAttention(step, hidden, layer.attention);
  const middle = modules.norm(modules.add(modules.rows(hidden, rows), attended), layer.attentionNorm);
  const fed = modules.add(middle, feedForward(modules, middle, layer.feedForward));
  return modules.norm(fed, layer.feedForwardNorm);
}

/** A layer with both parts in parallel, each with its own norm: (x + A(N₁ x)) + F(N₂ x). */
export function parallelLayer(step: LayerStep, layer: DecoderLayer): Value {
  const { modules, hidden, rows } = step;
  const attended = selfAttention(step, modules.norm(hidden, layer.attentionNorm), layer.attention);
  const before = modules.rows(hidden, rows);
  const fed = feedForward(modules, modules.norm(before, layer.feedForwardNorm), layer.feedForward);
  return modules.add(attended, before, fed);
}

/** A layer with both parts in parallel after a shared norm: (A(N x) + F(N x)) + x. */
export function sharedNormLayer(step: LayerStep, layer: Omit<DecoderLayer, 'feedForwardNorm'>): Value {
  const { modules, hidden, rows } = step;
  const input = modules.norm(hidden, layer.attentionNorm);
  const attended = selfAttention(step, input, layer.attention);
  const fed = feedForward(modules, modules.rows(input, rows), layer.feedForward);
  return modules.add(attended, fed, modules.rows(hidden, rows));
}

function feedForward(modules: Modules, x: Value, { size, inner, activation, up, gate, down }: FeedForward): Value {
  const project = (projection: Projection): Value => modules.linear(x, { ...projection, inputs: size, outputs: inner });
  const activated =
    gate === undefined
      ? modules.activate(project(up), activation)
      : modules.graph.op('Mul', [modules.activate(project(gate), activation), project(up)]);
  return modules.linear(activated, { ...down, inputs: inner, outputs: size });
}
